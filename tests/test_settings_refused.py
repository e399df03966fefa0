"""What no setting can mean, and the one sentence that says so: what is wrong, and the cure."""

from datetime import date

import pytest

from pauselib.settings import Settings, of_experiment

STRATEGIES = "Choose from random, word, pattern, prefix, surprise."
THOUSANDS = 10**5000
LARGEST = "give a number of at most 9223372036854775807."
VARIANTS = "All names are in pauselib.variants.VARIANTS."
PARAMETERS = "`papermill --help-notebook NOTEBOOK` lists them."
NO_PATTERN = "strategy 'pattern' has no pattern: give n_pauses_per_patterns, for example {'\\n': 2}."
UNREADABLE = "can't be read: its variant is missing, or no text."
NAME = "give a name of letters, digits, '-', '_' and '.', which begins with a letter, a digit or '_'."
TEXT = "give a text: in quotes, or with `papermill -r` instead of `-p`, which makes numbers of digits."
TOO_LONG = "has too long a name: give a shorter experiment or runs_dir."
TOY = "of the toy problems, which are generated, give at most 1000000."
SFT = {"variant": "sft"}
SAYS_NOTHING = "changes nothing: give a variant that pauses and at least one of"
CHANGES = "max_pauses, max_pauses_in_a_row, forced_pauses, forced_at, draw_pauses, pause_temperature, pause_bias, "
CHANGES += "pause_room"

REFUSED = [
    # wrong types
    ({"seed": None}, "seed is None: give a whole number."),
    ({"seed": "x"}, "seed is 'x': give a whole number."),
    ({"seed": 1.5}, "seed is 1.5: give a whole number."),
    ({"seed": [1]}, "seed is [1]: give a whole number."),
    ({"seed": True}, "seed is True: give a value other than true or false."),
    ({"seeds": [1, True]}, "seeds is [1, True]: give a value other than true or false."),
    ({"learning_rate": "fast"}, "learning_rate is 'fast': give a number."),
    ({"learning_rate": True}, "learning_rate is True: give a value other than true or false."),
    ({"experiment": None}, f"experiment is None: {TEXT}"),
    ({"experiment": False}, f"experiment is False: {TEXT}"),
    ({"experiment": 1.1}, f"experiment is 1.1: {TEXT}"),
    ({"model_revision": float("inf")}, f"model_revision is inf: {TEXT}"),
    ({"dataset": date(2026, 11, 28)}, f"dataset is datetime.date(2026, 11, 28): {TEXT}"),
    ({"variants": ["sft", 1.1]}, f"variants is 1.1: {TEXT}"),
    ({"strategy": "pattern", "n_pauses_per_patterns": {1.1: 2}}, f"n_pauses_per_patterns is 1.1: {TEXT}"),
    ({"group_by_length": "maybe"}, "group_by_length is 'maybe': give true or false."),
    ({"group_by_length": 2}, "group_by_length is 2: give true or false."),
    ({"seeds": None}, "seeds is None: give a list."),
    ({"lora_target_modules": {"q": 1}}, "lora_target_modules is {'q': 1}: give a list."),
    ({"n_pauses_per_patterns": ["a"]}, "n_pauses_per_patterns is ['a']: give a mapping, such as {}."),
    ({"interventions": SFT}, "interventions is {'variant': 'sft'}: give a list."),
    ({"interventions": ["sft"]}, "interventions is 'sft': give a mapping, such as {}."),
    # out of range
    ({"seed": -1}, "seed is -1: give a number of at least 0."),
    ({"seed": 2**32}, "seed is 4294967296: give a number below 4294967296."),
    ({"seeds": [42, -1]}, "seeds is -1: give a number of at least 0."),
    ({"n_copies": 0}, "n_copies is 0: give a number of at least 1."),
    ({"n_random_pauses": -1}, "n_random_pauses is -1: give a number of at least 0."),
    ({"n_random_pauses": 10**9}, "n_random_pauses is 1000000000: give a number of at most 10000."),
    ({"lora_r": 10**9}, "lora_r is 1000000000: give a number of at most 10000."),
    ({"batch_size": 2**31}, "batch_size is 2147483648: give a number of at most 10000000."),
    ({"max_new_tokens": 10**15}, "max_new_tokens is 1000000000000000: give a number of at most 10000000."),
    ({"forced_pauses": 10**9}, "forced_pauses is 1000000000: give a number of at most 10000."),
    ({"n_prefix_pauses": 0}, "n_prefix_pauses is 0: give a number of at least 1."),
    ({"n_pauses_per_patterns": {"a": -1}}, "n_pauses_per_patterns is -1: give a number of at least 0."),
    ({"validation_share": 0}, "validation_share is 0: give a number above 0.0."),
    ({"validation_share": 1.0}, "validation_share is 1.0: give a number below 1.0."),
    ({"learning_rate": 0}, "learning_rate is 0: give a number above 0.0."),
    ({"lora_dropout": 1}, "lora_dropout is 1: give a number below 1.0."),
    ({"max_steps": 0}, "max_steps is 0: give a number of at least 1, or -1 for a full epoch."),
    ({"base_max_steps": 0}, "base_max_steps is 0: give a number of at least 1, or -1 for a full epoch."),
    ({"max_steps": -2}, "max_steps is -2: give a number of at least -1."),
    ({"max_pauses": -2}, "max_pauses is -2: give a number of at least -1."),
    ({"pause_temperature": 0.0}, "pause_temperature is 0.0: give a number above 0.0."),
    # no numbers that a computer has
    ({"learning_rate": float("nan")}, "learning_rate is nan: give a finite number."),
    ({"pause_bias": float("-inf")}, "pause_bias is -inf: give a finite number."),
    ({"n_train": float("nan")}, "n_train is nan: give a finite number."),
    ({"n_train": 2**63}, f"n_train is 9223372036854775808: {LARGEST}"),
    ({"n_train": THOUSANDS}, f"n_train is a number of thousands of digits: {LARGEST}"),
    ({"seed": "9" * 5000}, f"seed is '{'9' * 96}...: give a whole number."),
    # unknown choices and names
    ({"variant": "sft_pft"}, f"There is no variant 'sft_pft': did you mean 'sft_peft'? {VARIANTS}"),
    ({"variants": ["sft", "sft_pft"]}, f"There is no variant 'sft_pft': did you mean 'sft_peft'? {VARIANTS}"),
    (
        {"variant": "baseline_1_epoch@word"},
        f"There is no variant 'baseline_1_epoch@word': did you mean 'baseline_1_epoch'? {VARIANTS}",
    ),
    ({"variant": "sft@wrd"}, f"strategy 'wrd' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"variants": ["sft@wrd"]}, f"strategy 'wrd' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"strategy": "randm"}, f"strategy 'randm' is not known: did you mean 'random'? {STRATEGIES}"),
    ({"strategy": "random+words"}, f"strategy 'words' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"strategy": "random+random"}, "strategy 'random+random' names random 2 times: name each strategy once."),
    ({"variant": "sft@word+word"}, "strategy 'word+word' names word 2 times: name each strategy once."),
    (
        {"interventions": [{"variant": "sft@word+word", "max_pauses": 0}]},
        "strategy 'word+word' names word 2 times: name each strategy once.",
    ),
    ({"strategy": "random+"}, f"strategy '' is not known. {STRATEGIES}"),
    (
        {"validation_split": "rows"},
        "validation_split 'rows' is not known: did you mean 'row'? Choose from problem, row.",
    ),
    ({"too_long": "droop"}, "too_long 'droop' is not known: did you mean 'drop'? Choose from refuse, drop, cut."),
    (
        {"dtype": "float16"},
        "dtype 'float16' is not known: did you mean 'bfloat16'? Choose from float32, mixed, bfloat16, pure_bfloat16.",
    ),
    (
        {"dtype": None},
        "dtype None is not known: did you mean 'mixed'? Choose from float32, mixed, bfloat16, pure_bfloat16.",
    ),
    ({"task": "gsm"}, "task 'gsm' is not known: did you mean 'gsm8k'? Choose from aqua, gsm8k."),
    (
        {"report_to": "wandbb"},
        "report_to 'wandbb' is not known: did you mean 'wandb'? Choose from none, tensorboard, wandb, trackio.",
    ),
    ({"forced_at": "end"}, "forced_at 'end' is not known: did you mean 'number'? Choose from start, number, answer."),
    ({"variant": "SFT"}, f"There is no variant 'SFT': did you mean 'sft'? {VARIANTS}"),
    ({"variant": ""}, f"There is no variant ''. {VARIANTS}"),
    ({"sed": 1}, f"There is no parameter 'sed': did you mean 'seed'? {PARAMETERS}"),
    # duplicates and empty lists
    ({"variants": ["sft", "sft.yaml"]}, "variants is ['sft', 'sft']: name each of them once."),
    ({"seeds": [1, 1]}, "seeds is [1, 1]: name each of them once."),
    ({"trials": ["sft", "sft.yaml"]}, "trials is ['sft', 'sft']: name each of them once."),
    ({"trial_sites": ["step", "step"]}, "trial_sites is ['step', 'step']: name each of them once."),
    ({"trial_doses": [4, 4]}, "trial_doses is [4, 4]: name each of them once."),
    (
        {"interventions": [{**SFT, "draw_pauses": True}] * 2},
        "interventions is [{'variant': 'sft', 'draw_pauses': True}, "
        "{'variant': 'sft', 'draw_pauses': True}]: name each of them once.",
    ),
    ({"variants": []}, "variants is (): give at least 1 item."),
    ({"seeds": []}, "seeds is []: give at least 1 item."),
    ({"lora_target_modules": []}, "lora_target_modules is []: give at least 1 item."),
    ({"lora_target_modules": [""]}, "lora_target_modules is '': give a text that is not empty."),
    ({"model": ""}, "model is '': give a text that is not empty."),
    # places
    ({"experiment": ""}, f"experiment is '': {NAME}"),
    ({"runs_dir": ""}, "runs_dir is '': give the path of a folder, without braces."),
    ({"experiment": "a\0b"}, f"experiment is 'a\\x00b': {NAME}"),
    ({"experiment": "x$(touch PWNED)"}, f"experiment is 'x$(touch PWNED)': {NAME}"),
    ({"experiment": "x; touch PWNED"}, f"experiment is 'x; touch PWNED': {NAME}"),
    ({"experiment": "a b"}, f"experiment is 'a b': {NAME}"),
    ({"experiment": "a'b"}, f'experiment is "a\'b": {NAME}'),
    ({"experiment": "a{x}b"}, f"experiment is 'a{{x}}b': {NAME}"),
    ({"experiment": "-rf"}, f"experiment is '-rf': {NAME}"),
    ({"experiment": "../../x"}, f"experiment is '../../x': {NAME}"),
    ({"experiment": "a/b"}, f"experiment is 'a/b': {NAME}"),
    ({"experiment": "line\n"}, f"experiment is 'line\\n': {NAME}"),
    ({"runs_dir": "a{x}b"}, "runs_dir is 'a{x}b': give the path of a folder, without braces."),
    ({"runs_dir": "a\nb"}, "runs_dir is 'a\\nb': give the path of a folder, without braces."),
    (
        {"interventions": [{"variant": "sft_peft", "draw_pauses": "$(touch PWNED)"}]},
        "draw_pauses is '$(touch PWNED)': give true or false.",
    ),
    (
        {"interventions": [{"variant": "sft_peft", "forced_pauses": 1, "forced_at": "$(touch PWNED)"}]},
        "forced_at '$(touch PWNED)' is not known: did you mean 'number'? Choose from start, number, answer.",
    ),
    ({"n_test": 10**9}, "n_test is 1000000000: give a number of at most 10000000."),
    ({"n_train": 10**9}, "n_train is 1000000000: give a number of at most 10000000."),
    (
        {"n_train": 10**7},
        f"n_train is 10000000: {TOY}",
    ),
    (
        {"n_test": 10**6 + 1},
        f"n_test is 1000001: {TOY}",
    ),
    ({"experiment": ".."}, f"experiment is '..': {NAME}"),
    ({"experiment": "."}, f"experiment is '.': {NAME}"),
    ({"experiment": "/tmp/mine"}, f"experiment is '/tmp/mine': {NAME}"),
    # text that no file or screen takes
    ({"experiment": "\ud800"}, "experiment is '\\ud800': give a text in Unicode."),
    (
        {"strategy": "pattern", "n_pauses_per_patterns": {"\ud800": 1}},
        "n_pauses_per_patterns is '\\ud800': give a text in Unicode.",
    ),
    ({"runs_dir": f"/{130 * 'é'}"}, f"The folder '/{95 * 'é'}... {TOO_LONG}"),
    ({"runs_dir": f"/{1000 * 'ab/'}", "experiment": "c"}, f"The folder '/{(48 * 'ab/')[:95]}... {TOO_LONG}"),
    ({"runs_dir": "/", "experiment": 300 * "a"}, f"The folder '/{95 * 'a'}... {TOO_LONG}"),
    ({"variant": "\ud800"}, f"There is no variant '\\ud800': did you mean 'sft_unfr_lm_head_peft'? {VARIANTS}"),
    ({"strategy": "two\nlines"}, f"strategy 'two\\nlines' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"\ud800": 1}, f"There is no parameter '\\ud800': did you mean 'variants'? {PARAMETERS}"),
    # contradictions
    (
        {"batch_size": 8, "gradient_accumulation_steps": 3},
        "batch_size 8 is not a multiple of gradient_accumulation_steps 3.",
    ),
    ({"strategy": "pattern"}, NO_PATTERN),
    (
        {"n_pauses_per_patterns": {"\n": 1}},
        "n_pauses_per_patterns is given but strategy is 'random': say strategy 'pattern' or 'random+pattern'.",
    ),
    (
        {"strategy": "pattern", "n_pauses_per_patterns": {"(": 1}},
        "n_pauses_per_patterns: '(' is no regular expression (missing ), unterminated subpattern at position 0).",
    ),
    (
        {"strategy": "pattern", "n_pauses_per_patterns": {"a{99999999999}": 1}},
        "n_pauses_per_patterns: 'a{99999999999}' is no regular expression (the repetition number is too large).",
    ),
    ({"forced_at": "number"}, "forced_pauses is 0 and forced_at 'number': say how many pauses, 1 or more, go there."),
    # interventions
    ({"interventions": [{"max_pauses": 0}]}, f"The intervention {{'max_pauses': 0}} {UNREADABLE}"),
    (
        {"interventions": [{"variant": 3, "max_pauses": 0}]},
        f"The intervention {{'variant': 3, 'max_pauses': 0}} {UNREADABLE}",
    ),
    (
        {"interventions": [{**SFT, "max_pause": 0}]},
        f"The intervention {{'variant': 'sft', 'max_pause': 0}} can't be read: 'max_pause' is none of {CHANGES}.",
    ),
    (
        {"interventions": [SFT]},
        f"The intervention {{'variant': 'sft'}} {SAYS_NOTHING} {CHANGES}.",
    ),
    (
        {"interventions": [{"variant": "baseline_matched", "max_pauses": 0}]},
        f"The intervention {{'variant': 'baseline_matched', 'max_pauses': 0}} {SAYS_NOTHING} {CHANGES}.",
    ),
    (
        {"interventions": [{"variant": "sft@wrd", "max_pauses": 0}]},
        f"strategy 'wrd' is not known: did you mean 'word'? {STRATEGIES}",
    ),
    ({"interventions": [{**SFT, "max_pauses": "none"}]}, "max_pauses is 'none': give a whole number."),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED, ids=[next(iter(settings)) for settings, _ in REFUSED])
def test_what_cannot_be_meant_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(ValueError) as error:
        Settings(**settings)
    assert str(error.value) == sentence
    assert sentence.isprintable()
    assert error.value._render_traceback_() == [sentence]


def test_the_table_has_no_setting_twice_in_the_same_way():
    assert (
        len({repr(settings)[:200] for settings, _ in REFUSED if THOUSANDS not in settings.values()}) == len(REFUSED) - 1
    )


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"sed": 1}, f"There is no parameter 'sed': did you mean 'seed'? {PARAMETERS}"),
        (
            {"max_pauses": 0},
            "max_pauses would change every row of the experiment: put it into the list `interventions`, with its "
            "variant.",
        ),
        ({"variants": ["sft", "sft@pattern"]}, NO_PATTERN),
    ],
)
def test_an_experiments_file_is_refused_too(config, sentence):
    with pytest.raises(ValueError) as error:
        of_experiment(config)
    assert str(error.value) == sentence


def test_an_intervention_of_a_row_that_is_not_made_is_no_mistake():
    assert Settings(variants=["sft"], interventions=[{"variant": "sft_peft", "max_pauses": 0}]).variants == ("sft",)


@pytest.mark.parametrize("settings", [{"group_by_length": "yes"}, {"seed": "7"}, {"experiment": 2024}, {"seeds": 43}])
def test_what_is_meant_is_taken(settings):
    Settings(**settings)
