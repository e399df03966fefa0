"""The tables of an experiment, from its files."""
