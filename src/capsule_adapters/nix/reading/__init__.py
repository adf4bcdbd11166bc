"""Nix text, read and not evaluated: what modules set, with file and line."""
