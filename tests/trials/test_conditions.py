"""Where something goes and what it is, on one text of ten tokens; and which conditions a model has."""

import numpy as np
import pytest

from pauselib.errors import InputError
from pauselib.trials import conditions, models_of_trial
from pauselib.trials.contents import CONTENTS, GivenResult
from pauselib.trials.sites import SITES, GoldText, Result

#               0    1      2         3       4     5     6    7     8     9
# the tokens:   <s>  how    ###Answer so      <<    8     =    8     >>    end
FIRST = Result(0, step=4, start=7, end=8)
P_PAUSE = np.array([0, 0, 0, 0.1, 0.5, 0.2, 0.5, 0.9, 0, 0])
TEXT = GoldText("test-3", list(range(10)), heading=2, start=3, results=[FIRST], p_pause=P_PAUSE)


@pytest.mark.parametrize(
    ("site", "gaps"),
    [
        ("prompt", [2, 2]),
        ("start", [3, 3]),
        ("step", [4, 4]),
        ("result", [7, 7]),
        ("chosen", [4, 6]),  # the two likeliest pauses before the result; that right before it is no place
    ],
)
def test_a_site_says_before_which_token_it_is(site, gaps):
    assert SITES[site].gaps(TEXT, FIRST, 2) == gaps


def test_random_places_are_in_the_answer_before_the_result_and_the_same_for_every_dose():
    seen = {SITES["random"].gaps(TEXT, FIRST, 1, seed)[0] for seed in range(200)}
    assert seen == {3, 4, 5, 6}
    for seed in range(20):
        one, three = (SITES["random"].gaps(TEXT, FIRST, n, seed) for n in (1, 3))
        assert three == one * 3
    drawn = [tuple(SITES["drawn"].gaps(TEXT, FIRST, 2, seed)) for seed in range(200)]
    assert {len(set(gaps)) for gaps in drawn} == {2}
    assert set().union(*drawn) == {3, 4, 5, 6}
    assert all(gaps == tuple(sorted(gaps)) for gaps in drawn)


def test_the_injectors_places_are_up_to_ten_anywhere_before_the_last_result_ends_and_the_same_for_every_model():
    drawn = [SITES["injected"].gaps(GoldText(f"test-{i}", TEXT.ids, 2, 3, [FIRST]), FIRST, 10) for i in range(500)]
    assert {place for gaps in drawn for place in gaps} == {3, 4, 5, 6, 7}
    assert {len(gaps) for gaps in drawn} >= {0, 1, 4, 8}
    assert max(map(len, drawn)) <= 10
    n_in_all = np.mean([len(gaps) for gaps in drawn]) * 8 / 5  # five of the eight gaps are before the end of the result
    assert n_in_all == pytest.approx(5, abs=0.5)


def test_a_piece_of_the_question_is_drawn_from_it():
    text = GoldText("test-3", [0, 21, 22, 23, 24, 5, 6], heading=5, start=6, results=[FIRST])
    for index in range(20):
        piece = CONTENTS["question"].tokens([], 3, text, Result(index, 0, 0, 0))
        assert "".join(map(chr, piece)) in "".join(map(chr, [21, 22, 23, 24] * 2))


def test_more_pauses_than_places_share_them():
    assert SITES["chosen"].gaps(TEXT, FIRST, 6) == [3, 4, 4, 5, 6, 6]
    assert sorted(set(SITES["drawn"].gaps(TEXT, FIRST, 10))) == [3, 4, 5, 6]


def test_a_draw_depends_on_the_seed_the_problem_and_the_result_alone():
    def drawn(name, index, seed):
        return TEXT.__class__(name, [], 0, 0, []).draw(Result(index, 0, 0, 0), seed).random()

    assert drawn("test-3", 0, 1) == drawn("train-3", 0, 1)
    assert len({drawn("test-3", 0, 1), drawn("test-4", 0, 1), drawn("test-3", 1, 1), drawn("test-3", 0, 2)}) == 4


def test_what_is_put_in_takes_as_many_positions_as_the_dose_says(tokenizer):
    units = {name: content.unit(tokenizer, 400) for name, content in CONTENTS.items()}
    assert units["pauses"] == units["masked"] == [400]
    assert units["untrained"] == [401]
    assert tokenizer.decode(units["newline"]) == "\n"
    assert tokenizer.decode(units["dots"]) == "..."
    for name, content in CONTENTS.items():
        for dose in (1, 4, 10):
            assert len(content.tokens(units[name], dose, TEXT, FIRST)) == dose
    assert CONTENTS["dots"].tokens([7, 8, 9], 4, TEXT, FIRST) == [7, 8, 9, 7]


def test_the_positive_control_is_the_result_and_what_follows_it(tokenizer):
    control = GivenResult(">>")
    unit = control.unit(tokenizer, 400)
    assert tokenizer.decode(unit) == ">>"
    assert control.tokens(unit, 0, TEXT, FIRST) == [7, *unit]


def test_the_conditions_are_all_that_say_something_and_the_control():
    everything = ["start", "step", "result", "chosen"], CONTENTS, [1, 4]
    found = [(site.name, content.name, dose) for site, content, dose in conditions(*everything, True, ">>")]
    assert found[-1] == ("result", "given", 0)
    assert ("result", "masked", 4) in found
    assert ("result", "masked", 1) not in found  # the only pause is where the first digit is predicted
    assert [one for one in found if one[0] == "chosen"] == [("chosen", "pauses", 4)]
    assert {content for site, content, _ in found if site == "start"} == {"pauses", "masked"}
    of_baseline = [(site.name, content.name) for site, content, _ in conditions(*everything, False, ">>")]
    assert not {"chosen"} & {site for site, _ in of_baseline}
    assert {content for _, content in of_baseline} == {*CONTENTS, "given"} - {"untrained"}
    with pytest.raises(InputError, match="None of trial_contents goes to trial_sites with trial_doses"):
        conditions(["prompt", "chosen"], ["question"], [1], True, ">>")


def test_a_variant_answers_with_its_start_and_with_as_much_training():
    assert models_of_trial("sft_peft") == ("sft_peft", "baseline_1_epoch", "baseline_matched")
    assert models_of_trial("baseline_matched") == ("baseline_matched", "baseline_1_epoch")
    assert models_of_trial("baseline_1_epoch") == ("baseline_1_epoch",)
