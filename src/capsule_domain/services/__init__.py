"""Intents. One a file: ports in the constructor, values in and out, no printing."""
