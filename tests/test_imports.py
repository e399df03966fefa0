"""What an import costs and leaves behind: nothing heavy before it is needed, and no state of other packages changed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pauselib
from pauselib import machine

ROOT = Path(pauselib.__file__).parents[1]
FILES = sorted((ROOT / "pauselib").rglob("*.py"))
ROOMS = sorted({path.relative_to(ROOT).parts[1] for path in FILES if path.parent.name != "pauselib"})
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "matplotlib", "scipy", "statsmodels", "ipywidgets")
COMPUTE_WITH_TENSORS = (
    "pauselib.model.configuration",
    "pauselib.model.pause_model",
    "pauselib.model.precision",
    "pauselib.model.trained_parts",
    "pauselib.training.checkpoints",
    "pauselib.training.suitability",
    "pauselib.training.trainer",
    "pauselib.training.warmup",
    "pauselib.decoding.batch_cache",
    "pauselib.decoding.greedy",
    "pauselib.trials.scorer",
    "pauselib.trials.trial",
)
SHOW_SOMETHING = ("report", "explorer")  # the rooms that are imported to draw and to be clicked


def modules() -> list[str]:
    """The full names of all modules but those that run something when they are imported."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in FILES]
    return [name for name in names if not name.endswith(".__main__")]


def room_of(name: str) -> str | None:
    """The room of a module by its full name, None for a module beside the rooms."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def run(code: str, *options: str, **variables: str) -> str:
    """What a fresh Python prints, with more environment variables."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | variables
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


def test_only_what_computes_with_tensors_or_shows_something_imports_anything_heavy():
    light = [name for name in modules() if name not in COMPUTE_WITH_TENSORS and room_of(name) not in SHOW_SOMETHING]
    assert loaded_by(*light) == set()


@pytest.mark.parametrize(("room", "needed"), [("report", {"matplotlib"}), ("explorer", {"ipywidgets", "matplotlib"})])
def test_to_show_something_no_model_is_needed(room, needed):
    names = [name for name in modules() if room_of(name) == room]
    assert loaded_by(*names) <= needed


@pytest.mark.parametrize("name", COMPUTE_WITH_TENSORS)
def test_those_that_compute_with_tensors_import_torch_at_the_top(name):
    text = (ROOT / name.replace(".", "/")).with_suffix(".py").read_text()
    assert re.search(r"^(import|from) (torch|transformers|trl)\b", text, re.MULTILINE)


THREADS = "import {}; from pauselib import machine; print(torch.get_num_threads(), machine.threads())"


@pytest.mark.parametrize("order", ["pauselib, torch", "torch, pauselib"])
def test_one_thread_computes_unless_the_user_says_otherwise_whatever_is_imported_first(order):
    assert run(THREADS.format(order), OMP_NUM_THREADS="", MKL_NUM_THREADS="").split() == ["1", "1"]
    two = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    alone = run("import torch; print(torch.get_num_threads())", **two)  # 2, on one core 1
    assert run(THREADS.format(order), **two).split() == alone.split() * 2


def test_before_torch_is_there_the_threads_are_known_from_the_environment():
    code = "import sys; from pauselib import machine; print(machine.threads(), 'torch' in sys.modules)"
    assert run(code, OMP_NUM_THREADS="3,2").split() == ["3", "False"]


@pytest.mark.parametrize(
    ("flags", "name"), [("avx512f amx_tile", "Xeon @ 2:1 GHz with AMX"), ("avx512f", "Xeon @ 2:1 GHz")]
)
def test_the_processor_is_named_with_amx_where_it_has_that(flags, name, monkeypatch):
    lines = f"processor\t: 0\nmodel name\t: Xeon @ 2:1 GHz\n\nflags\t\t: fpu {flags}\n"
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setattr(Path, "read_text", lambda path: lines)
    assert machine.processor() == name


STATE = """
import importlib, json, logging, os, warnings
import accelerate, datasets, ipywidgets, jinja2, matplotlib.pyplot, peft
import scipy.stats, statsmodels.api, torch, transformers, trl
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
