"""Durations as they are written in the file of policies, and told to people: ``3d``, ``36h``, ``90m``, ``45s``."""

from __future__ import annotations

from datetime import timedelta

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def written(duration: timedelta) -> str:
    """Return full seconds as a number of the largest unit that they are a whole number of."""
    unit = next((unit for unit, size in _UNITS.items() if not duration % size), "s")
    return f"{duration // _UNITS[unit]}{unit}"
