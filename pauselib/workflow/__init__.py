"""The whole experiment: `python -m pauselib.workflow configs/tiny.yaml` runs the Snakefile and says how far it is."""
