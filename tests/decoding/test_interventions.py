"""Interventions: replies whose every choice is written out, then the embedded model against plain decoding."""

import numpy as np
import pytest
import torch

from pauselib.decoding.greedy import Chooser
from pauselib.decoding.interventions import (
    INTERVENTION_SETTINGS,
    INTERVENTIONS,
    active_interventions,
    intervention_name,
    name_in_words,
)
from pauselib.settings import Settings

WORDS = ["It", " is", " 1", "2", ".", "5", "\n", "####", " 125"]  # It is 12.5 \n #### 125
PAUSE = len(WORDS)


def say(p_pause: list[float], best: float = 0.2, seed: int = 0, **how) -> str:
    """What a model says that wants WORDS one by one, with the LM's best word at `best`, under some interventions;
    `p_pause` is the head's at each position.
    """
    chooser = Chooser(active_interventions(how), PAUSE, lambda token: WORDS[token], seed)
    words, said = list(range(len(WORDS))), []
    while words:
        p = torch.tensor([p_pause[min(len(said), len(p_pause) - 1)]])
        (token,) = chooser.choose([0], p.log(), (1 - p).log(), torch.tensor([best]).log(), torch.tensor(words[:1]))
        said.append(token)
        words = words if token == PAUSE else words[1:]
    return "".join("~" if token == PAUSE else WORDS[token] for token in said)


EAGER = [0.9, 0.9, 0.9, 0.0, 0.9, 0.9, 0.0]  # wants three pauses, a word, two pauses, and no more


@pytest.mark.parametrize(
    ("how", "reply"),
    [
        ({}, "~~~It~~ is 12.5\n#### 125"),
        ({"max_pauses": 0}, "It is 12.5\n#### 125"),
        ({"max_pauses": 1}, "~It is 12.5\n#### 125"),
        ({"max_pauses": 4}, "~~~It~ is 12.5\n#### 125"),
        ({"max_pauses_in_a_row": 1}, "~It~ is~ 12.5\n#### 125"),
        ({"max_pauses": 2, "max_pauses_in_a_row": 1}, "~It~ is 12.5\n#### 125"),
        ({"max_pauses": 0, "forced_pauses": 2}, "It is 12.5\n~~#### 125"),
        ({"max_pauses": 0, "forced_pauses": 2, "forced_at": "start"}, "~~It is 12.5\n#### 125"),
        ({"max_pauses": 0, "forced_pauses": 1, "forced_at": "number"}, "It is~ 12.5\n####~ 125"),
        ({"forced_pauses": 1, "forced_at": "start"}, "~~~It~~ is 12.5\n#### 125"),
    ],
    ids=lambda value: intervention_name(active_interventions(value)) or "greedy" if isinstance(value, dict) else "",
)
def test_what_is_said(how, reply):
    assert say(EAGER, **how) == reply


def test_the_greedy_rule_is_the_lm_against_the_head_s_odds():
    """A pause wins where its odds p / (1 − p) exceed the LM's best probability: 0.2 against odds of 0.19 and 0.21."""
    assert say([0.16, 0.0]) == "It is 12.5\n#### 125"
    assert say([0.174, 0.0]) == "~It is 12.5\n#### 125"


def test_temperature_divides_the_log_odds_and_bias_is_added():
    assert say([0.16, 0.0], pause_bias=0.1) == "~It is 12.5\n#### 125"  # odds 0.1905 · e^0.1 = 0.2105
    assert say([0.174, 0.0], pause_bias=-0.1) == "It is 12.5\n#### 125"
    assert say([0.1, 0.0], pause_temperature=2.0) == "~It is 12.5\n#### 125"  # odds (1/9)^(1/2) = 0.33


def test_drawn_pauses_come_as_often_as_the_head_says_and_the_words_stay():
    said = "".join(say([0.1], draw_pauses=True, seed=seed) for seed in range(200))
    assert said.replace("~", "") == "It is 12.5\n#### 125" * 200
    share = said.count("~") / (200 * len(WORDS) + said.count("~"))
    assert share == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 2000))
    assert said == "".join(say([0.1], draw_pauses=True, seed=seed) for seed in range(200))


def test_a_draw_is_taken_at_every_position_forced_or_not_so_later_ones_stay_what_they_are():
    """The first draw of seed 0 is 0.64, the second 0.27, the third 0.04: at 0.5 the second and the third are pauses."""
    draws = np.random.default_rng([0, 0]).random(3)
    assert [draw < 0.5 for draw in draws] == [False, True, True]
    assert say([0.5, 0.5, 0.5, 0.0], draw_pauses=True) == "It~~ is 12.5\n#### 125"
    forced = {"forced_pauses": 1, "forced_at": "start"}
    assert say([0.5, 0.5, 0.5, 0.0], draw_pauses=True, **forced) == "~~~It is 12.5\n#### 125"


def test_every_setting_of_an_intervention_belongs_to_one_class_and_by_itself_changes_nothing():
    assert tuple(name for kind in INTERVENTIONS for name in kind.model_fields) == INTERVENTION_SETTINGS
    assert len(set(INTERVENTION_SETTINGS)) == len(INTERVENTION_SETTINGS) == 8
    assert active_interventions(Settings().of(*INTERVENTION_SETTINGS)) == []
    assert all(kind().changes == {} for kind in INTERVENTIONS)


def test_a_mark_of_the_answer_is_that_of_the_task():
    chooser = Chooser(active_interventions({"forced_pauses": 1}), PAUSE, lambda token: WORDS[token], answer_mark=".")
    certain = [torch.tensor([x]) for x in (-50.0, 0.0, 0.0)]
    said = [chooser.choose([0], *certain, torch.tensor([token]))[0] for token in (0, 4, 4)]
    assert said == [0, PAUSE, 4]


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({}, "", ""),
        ({"max_pauses": 1, "pause_temperature": 1.0}, "max_pauses-1", "at most 1 pause"),  # 1 leaves the head as it is
        ({"max_pauses_in_a_row": 0}, "max_pauses_in_a_row-0", "no pauses of its own"),
        (
            {"max_pauses": 8, "max_pauses_in_a_row": 2},
            "max_pauses-8_max_pauses_in_a_row-2",
            "at most 8 pauses, at most 2 in a row",
        ),
        ({"forced_pauses": 1}, "forced_pauses-1_forced_at-answer", "1 pause put in before the final answer"),
        (
            {"forced_pauses": 2, "forced_at": "number"},
            "forced_pauses-2_forced_at-number",
            "2 pauses put in before each number",
        ),
        ({"draw_pauses": True, "pause_bias": -1.5}, "draw_pauses_pause_bias--1.5", "draw pauses, pause bias -1.5"),
        ({"max_pauses": 0, "pause_room": 2}, "max_pauses-0_pause_room-2", "no pauses of its own, pause room 2"),
    ],
)
def test_a_name_says_what_is_changed_and_is_read_in_words(changes, name, words):
    assert intervention_name(active_interventions(changes)) == name
    assert name_in_words(name) == words


def test_what_is_no_name_of_an_intervention_stays_as_it_is():
    names = ["none", "max_pauses", "max_pauses-8_draw", "max_pauses-x", "forced_pauses-8"]
    assert [name_in_words(name) for name in names] == names
