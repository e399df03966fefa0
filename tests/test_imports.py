"""What an import costs and leaves behind: nothing heavy before it is needed, and no state of other packages changed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pauselib

ROOT = Path(pauselib.__file__).parents[1]
ROOMS = ("tasks", "settings", "sources", "model", "training", "decoding", "analysis")
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "matplotlib", "scipy", "statsmodels", "IPython")
USE_TORCH_THROUGHOUT = (
    "pauselib.model.pause_model",
    "pauselib.training.trainer",
    "pauselib.decoding.greedy",
    "pauselib.sources.pretraining",
)


def modules() -> list[str]:
    """The names of all modules of the rooms, and of those that are in no room."""
    package = ROOT / "pauselib"
    files = [*package.glob("*.py"), *(file for room in ROOMS for file in (package / room).glob("*.py"))]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in sorted(files)]
    return [name.removesuffix(".__init__") for name in names if name != "pauselib.workflow"]


def room_of(name: str) -> str | None:
    """The room of a module by its full name, None for a module beside the rooms."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def run(code: str, *options: str) -> str:
    """What a fresh Python prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(*names: str, options: tuple[str, ...] = ()) -> set[str]:
    """Which heavy packages a fresh Python has loaded after these imports."""
    code = f"import sys, {', '.join(names)}; print(*(name for name in {HEAVY} if name in sys.modules))"
    return set(run(code, *options).split())


def test_the_settings_are_read_without_a_warning_and_without_anything_heavy():
    assert loaded_by("pauselib.settings", options=("-W", "error")) == set()


def test_only_what_computes_with_tensors_throughout_loads_torch():
    assert loaded_by(*(name for name in modules() if name not in USE_TORCH_THROUGHOUT)) == set()


@pytest.mark.parametrize("name", USE_TORCH_THROUGHOUT)
def test_those_that_do_import_it_at_the_top(name):
    text = (ROOT / name.replace(".", "/")).with_suffix(".py").read_text()
    assert re.search(r"^(import|from) (torch|transformers|trl)\b", text, re.MULTILINE)


STATE = """
import importlib, json, logging, os, warnings
import accelerate, datasets, matplotlib.pyplot, peft, scipy.stats, statsmodels.api, torch, transformers, trl
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationMixin, PreTrainedModel
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig, SFTTrainer

def state():
    return {
        "matplotlib.rcParams": dict(matplotlib.rcParams),
        "transformers' verbosity": transformers.utils.logging.get_verbosity(),
        "os.environ": dict(os.environ),
        "warnings.filters": list(warnings.filters),
        "torch's threads and default type": (torch.get_num_threads(), torch.get_default_dtype()),
        "logging": logging.getLogger().level,
    }

changed = {}
for name in NAMES:
    before = state()
    importlib.import_module(name)
    changed[name] = [what for what, value in state().items() if value != before[what]]
print(json.dumps(changed))
"""


@pytest.fixture(scope="module")
def changed_by() -> dict[str, list[str]]:
    """What the import of each module changes outside it, in a Python that has everything else imported before."""
    return json.loads(run(STATE.replace("NAMES", repr(modules()))).splitlines()[-1])


@pytest.mark.parametrize("room", [None, *ROOMS])
def test_an_import_changes_nothing_outside_the_module(room, changed_by):
    """`None` stands for the modules that are in no room."""
    of_room = {name: what for name, what in changed_by.items() if room_of(name) == room}
    assert of_room
    assert {name: what for name, what in of_room.items() if what} == {}
