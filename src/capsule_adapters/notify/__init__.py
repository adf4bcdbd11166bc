"""Channels on which people are told: each implements the `Notifier` port."""
