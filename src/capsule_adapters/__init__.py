"""Adapters: file names answer the ports."""
