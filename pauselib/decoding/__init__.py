"""Replies: greedy decoding, interventions on the pauses, evaluation, and the likelihood of given text."""
