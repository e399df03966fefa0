"""Pauses in the training answers: the strategies that say where, and the rows."""
