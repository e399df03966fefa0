"""The pause model around any causal language model, and what a variant unfreezes in it."""
