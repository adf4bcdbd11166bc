"""Nix: how values become its text, and how it is asked."""
