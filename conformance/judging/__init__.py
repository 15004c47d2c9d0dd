"""Judging: a trace against the model's prediction and the oracles' answers."""
