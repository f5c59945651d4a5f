"""Figures beside their targets."""

from __future__ import annotations


def target(what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> bool:
    """Print a figure beside its target and return whether it is kept."""
    is_kept = value >= at_least if at_least is not None else at_most is None or value <= at_most
    bound = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    print(f"{'kept  ' if is_kept else 'MISSED'}  {what:40}{value:8.2f}  ({bound})")
    return is_kept
