"""The whole experiment: `python -m pauselib.workflow configs/tiny.yaml` runs the Snakefile and prints a line a step."""
