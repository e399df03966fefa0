"""A model's folder that needs neither its base nor this package: `python -m pauselib.model.export FOLDER TARGET`.

It loads elsewhere with transformers alone; a model that pauses brings its classes, so it asks for
`trust_remote_code=True` there.
"""

import argparse
import sys
from pathlib import Path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.model.card import EXPORTED, OF_PAUSES, TRAINED_PARTS, results
from pauselib.model.remote_code import self_contained
from pauselib.sources.models import from_pretrained, load_tokenizer
from pauselib.tokens import PAUSE_TEXT

CODE = "modeling_pause"


def export(folder: Path, target: Path) -> None:
    """Write the model in a folder into another one, whole, with its tokenizer and its card.

    Raises InputError where there is no model, or something is in the target's place.
    """
    from transformers import AutoModelForCausalLM

    if target.exists():
        raise InputError(f"{target} is there already: choose another name, or move it away.")
    model, tokenizer = from_pretrained(AutoModelForCausalLM, str(folder)), load_tokenizer(str(folder))
    pauses, loading = hasattr(model, "pause_head"), EXPORTED.format(code="", argument="")
    if model.generation_config.eos_token_id is None:
        model.generation_config.eos_token_id = tokenizer.eos_token_id
    with runs.new_folder(target) as part:
        if pauses:
            classes = {"AutoConfig": "PauseConfig", "AutoModelForCausalLM": "PauseForCausalLM"}
            model.config.auto_map = {auto: f"{CODE}.{name}" for auto, name in classes.items()}
            code = self_contained("pauselib.model.pause_model", *classes.values())
            runs.write(part / f"{CODE}.py", code)
            loading = EXPORTED.format(code=", trust_remote_code=True", argument=",trust_remote_code=True")
            loading += OF_PAUSES.format(
                pause_id=model.config.pause_token_id,
                prompt_pauses=model.config.prompt_pauses,
                shown=how_pauses_are_shown(tokenizer, model.config.pause_token_id),
            )
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        card = folder / "README.md"
        said = card.read_text(encoding="utf-8").replace(TRAINED_PARTS, "") if card.exists() else "# A pause model\n"
        runs.write(part / "README.md", said + results(folder) + loading)


def how_pauses_are_shown(tokenizer, pause_id: int) -> str:
    """Let a tokenizer know the pause where the next of its ids is that of the pause; return what becomes of it."""
    text = tokenizer.convert_ids_to_tokens(pause_id) if pause_id < len(tokenizer) else None
    if text is not None:
        return f"The tokenizer writes it `{text}`, its own token of that id: in a prompt, that text is a pause."
    if len(tokenizer) != pause_id:
        return "The tokenizer has no text for it and leaves it out."
    tokenizer.add_tokens([PAUSE_TEXT], special_tokens=True)
    return f"The tokenizer writes it `{PAUSE_TEXT}`, and leaves it out with `skip_special_tokens=True`."


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
