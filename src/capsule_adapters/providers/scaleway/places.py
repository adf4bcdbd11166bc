"""Scaleway's zones. No call lists them: these are those of the API description."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A zone: a data centre of its own, with its own servers, volumes, types and stock."""

    name: str
    country: str


ZONES = {
    "fr-par-1": Place("Paris 1", "FR"),
    "fr-par-2": Place("Paris 2", "FR"),
    "fr-par-3": Place("Paris 3", "FR"),
    "nl-ams-1": Place("Amsterdam 1", "NL"),
    "nl-ams-2": Place("Amsterdam 2", "NL"),
    "nl-ams-3": Place("Amsterdam 3", "NL"),
    "pl-waw-1": Place("Warsaw 1", "PL"),
    "pl-waw-2": Place("Warsaw 2", "PL"),
    "pl-waw-3": Place("Warsaw 3", "PL"),
    "it-mil-1": Place("Milan 1", "IT"),
}

HOME = "fr-par-1"
"""Where it is asked what is the same everywhere."""
