"""Whole systems: built here or elsewhere, brought to machines, compared."""
