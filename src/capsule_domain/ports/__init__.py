"""Roles. One a file; a docstring is the contract and tests/contracts is its proof."""
