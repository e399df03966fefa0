"""A model's folder that needs neither its base nor this package: `python -m pauselib.model.export FOLDER TARGET`.

It loads elsewhere with transformers alone; a model that pauses brings its classes, so it asks for
`trust_remote_code=True` there.
"""

import argparse
import ast
import shutil
import sys
from pathlib import Path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.files import write
from pauselib.located import located
from pauselib.sources.models import from_pretrained, load_tokenizer
from pauselib.tokens import PAUSE_TEXT

CODE = "modeling_pause"
CLASSES = {"AutoConfig": f"{CODE}.PauseConfig", "AutoModelForCausalLM": f"{CODE}.PauseForCausalLM"}


def export(folder: Path, target: Path) -> None:
    """Write the model in a folder into another one, whole, with its tokenizer and its card.

    Raises InputError where there is no model, or something is in the target's place.
    """
    from transformers import AutoModelForCausalLM

    if target.exists():
        raise InputError(f"{target} is there already: choose another name, or move it away.")
    folder = located(folder) or folder
    model, tokenizer = from_pretrained(AutoModelForCausalLM, str(folder)), load_tokenizer(str(folder))
    if model.generation_config.eos_token_id is None:
        model.generation_config.eos_token_id = tokenizer.eos_token_id
    with runs.new_folder(target) as part:
        if hasattr(model, "pause_head"):
            if len(tokenizer) == model.config.pause_token_id:
                tokenizer.add_tokens([PAUSE_TEXT], special_tokens=True)
            model.config.auto_map = CLASSES
            write(part / f"{CODE}.py", self_contained())
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        if (folder / "README.md").exists():
            shutil.copy(folder / "README.md", part)


def self_contained() -> str:
    """Return the source of the pause model's modules as one file without what it imports of this package."""
    file = ['"""A causal language model with a pause token, for `trust_remote_code=True`. Written by pauselib."""']
    for name in ("configuration", "pause_model"):
        for statement in ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")).body:
            of_package = isinstance(statement, ast.ImportFrom) and statement.module.startswith("pauselib")
            registers = isinstance(statement, ast.Expr)  # in transformers' auto classes; docstrings are such, too
            if not (of_package or registers):
                file.append(ast.unparse(statement))
    return "\n\n".join(file) + "\n"


def main() -> None:
    """Export the model that the command names."""
    parser = argparse.ArgumentParser(prog="python -m pauselib.model.export", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="for example runs/tiny/seed-42/sft_peft/model")
    parser.add_argument("target", type=Path, help="a folder that is not there yet")
    given = parser.parse_args()
    try:
        export(given.folder, given.target)
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
