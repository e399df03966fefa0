"""Injection: where pauses go into the answers, and the rows of token ids."""
