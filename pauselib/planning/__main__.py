"""`make plan` runs this: what an experiment will take, before anything is spent.

python -m pauselib.planning configs/mistral-7b.yaml [name=value ...] [gpu=a100]

The settings are given as to `python -m pauselib.workflow`. The rows are tokenized into a temporary folder.
"""

import sys
import tempfile

from pauselib.settings import of_experiment
from pauselib.workflow.command import read_arguments


def main(*arguments: str) -> int:
    """Print the plan of an experiment; return 0, or 2 for what can't be read."""
    named = [one.removeprefix("gpu=") for one in arguments if one.startswith("gpu=")]
    given = tuple(one for one in arguments if not one.startswith("gpu="))
    with tempfile.TemporaryDirectory() as folder:
        try:
            config = read_arguments(given)
            settings = of_experiment(config | {"runs_dir": folder})
            from pauselib.planning.plan import plan

            print(plan(settings, named[-1] if named else "h100").text())
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
