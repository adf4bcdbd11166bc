"""Stacks, profiles and prices that ship with Capsule, and the user's own stacks."""
