"""What can't be meant is refused in one sentence, before anything is made."""

import pytest

from pauselib.settings import INTERVENTION_SETTINGS, Settings
from pauselib.trials.sites import SITES

STRATEGIES = "Choose from random, word, pattern, prefix, surprise."
VARIANTS = "All names are in pauselib.variants.VARIANTS."
HELP = "`papermill --help-notebook NOTEBOOK` lists them."
WHOLE = "input should be a valid integer, unable to parse string as an integer."
NO_PATTERN = "strategy 'pattern' has no pattern: give n_pauses_per_patterns, for example {'\\n': 2}."
NAME = "string should match pattern '^[A-Za-z0-9_][A-Za-z0-9_.-]*$'."
TEXT = "give a text: in quotes, or with `papermill -r` instead of `-p`, which makes numbers of digits."
NO_BOOLEAN = "give a value other than true or false."
SFT, NEVER_PAUSES = {"variant": "sft"}, {"variant": "baseline_1_epoch", "max_pauses": 0}
CHANGES = ", ".join(INTERVENTION_SETTINGS)
SAYS_NOTHING = f"changes nothing: give a variant that pauses and at least one of {CHANGES}."

REFUSED = [
    # types and limits
    ({"seed": "x"}, f"seed is 'x': {WHOLE}"),
    ({"experiment": 2024}, f"experiment is 2024: {TEXT}"),
    ({"interventions": SFT}, "interventions is {'variant': 'sft'}: input should be a valid list."),
    ({"seed": 2**32}, "seed is 4294967296: input should be less than 4294967296."),
    ({"seeds": [42, -1]}, "seeds is -1: input should be greater than or equal to 0."),
    ({"n_random_pauses": 10**9}, "n_random_pauses is 1000000000: input should be less than or equal to 10000."),
    ({"validation_share": 0}, "validation_share is 0: input should be greater than 0."),
    ({"learning_rate": float("nan")}, "learning_rate is nan: input should be a finite number."),
    ({"max_steps": 0}, "max_steps is 0: give a number of at least 1, or -1 for a full epoch."),
    ({"interventions": [{**SFT, "max_pauses": "none"}]}, f"max_pauses is 'none': {WHOLE}"),
    ({"max_steps": True}, f"max_steps is True: {NO_BOOLEAN}"),
    ({"trial_doses": [True]}, f"trial_doses is [True]: {NO_BOOLEAN}"),
    ({"n_pauses_per_patterns": {"=": True}}, f"n_pauses_per_patterns is {{'=': True}}: {NO_BOOLEAN}"),
    ({"interventions": [{**SFT, 1: 2}]}, f"interventions is 1: {TEXT}"),
    # unknown names
    ({"sed": 1}, f"There is no parameter 'sed': did you mean 'seed'? {HELP}"),
    ({"variant": ""}, f"There is no variant ''. {VARIANTS}"),
    ({"variants": ["sft", "sft_pft"]}, f"There is no variant 'sft_pft': did you mean 'sft_peft'? {VARIANTS}"),
    ({"variants": ["sft@wrd"]}, f"strategy 'wrd' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"strategy": "random+words"}, f"strategy 'words' is not known: did you mean 'word'? {STRATEGIES}"),
    ({"too_long": "droop"}, "too_long 'droop' is not known: did you mean 'drop'? Choose from refuse, drop, cut."),
    ({"too_long": "REFUSE"}, "too_long 'REFUSE' is not known: did you mean 'refuse'? Choose from refuse, drop, cut."),
    (
        {"group_by_length": "shuffle"},
        "group_by_length 'shuffle' is not known: did you mean 'shuffled'? Choose from True, False, shuffled.",
    ),
    ({"task": "gsm"}, "task 'gsm' is not known: did you mean 'gsm8k'? Choose from gsm8k."),
    ({"trial_sites": ["a"]}, f"trial_sites 'a' is not known: did you mean 'start'? Choose from {', '.join(SITES)}."),
    # duplicates and empty lists
    ({"variants": ["sft", "sft.yaml"]}, "variants is ['sft', 'sft']: name each of them once."),
    ({"trial_doses": [4, 4]}, "trial_doses is [4, 4]: name each of them once."),
    ({"seeds": []}, "seeds is []: list should have at least 1 item after validation, not 0."),
    # names of folders, which a shell and Snakemake read too
    *(({"experiment": one}, f"experiment is {one!r}: {NAME}") for one in ["", "x; touch PWNED", "a{x}b", "-rf"]),
    *(({"experiment": one}, f"experiment is {one!r}: {NAME}") for one in ["../../x", "line\n", "..", "/tmp/mine"]),
    ({"runs_dir": "a{x}b"}, "runs_dir is 'a{x}b': string should match pattern '^[^\\x00-\\x1f{}]+$'."),
    ({"model": ""}, "model is '': string should match pattern '^[^\\x00-\\x1f{}]+$'."),
    # contradictions
    ({"gradient_accumulation_steps": 3}, "batch_size 8 is not a multiple of gradient_accumulation_steps."),
    ({"trial_checkpoints": [10, 200]}, "trial_checkpoints has step 200, but max_steps is 160: raise that."),
    ({"strategy": "pattern"}, NO_PATTERN),
    (
        {"strategy": "pattern", "n_pauses_per_patterns": {"(": 1}},
        "n_pauses_per_patterns: '(' is no regular expression (missing ), unterminated subpattern at position 0).",
    ),
    ({"forced_at": "number"}, "forced_pauses is 0 and forced_at 'number': say how many pauses, 1 or more, go there."),
    # interventions
    (
        {"interventions": [{"max_pauses": 0}]},
        "The intervention {'max_pauses': 0} can't be read: its variant is missing, or no text.",
    ),
    (
        {"interventions": [{**SFT, "max_pause": 0}]},
        f"There is no parameter 'max_pause': did you mean 'max_pauses'? {HELP}",
    ),
    ({"trials": ["baseline_1_epoch"]}, "The trial of baseline_1_epoch compares nothing: give a variant that pauses."),
    *(({"interventions": [one]}, f"The intervention {one} {SAYS_NOTHING}") for one in [SFT, NEVER_PAUSES]),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED, ids=[next(iter(settings)) for settings, _ in REFUSED])
def test_what_cannot_be_meant_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(ValueError) as error:
        Settings(**settings)
    assert str(error.value) == sentence
    assert error.value._render_traceback_() == [sentence]
