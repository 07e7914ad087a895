"""Judgements of a detector to tables, plots and pictures."""
