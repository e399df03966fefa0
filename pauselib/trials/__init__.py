"""Insertion trials: how likely the digits of gold results are with something put into the gold text before them."""
