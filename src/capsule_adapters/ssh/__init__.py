"""Machines over SSH: always with a verified host key, never with a password."""
