"""What a scenario found: figures beside their targets, and whether each was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Failed(Exception):
    """A scenario could not come to its end, or something was found that must never be."""


class Verdict(StrEnum):
    """How a figure stands to its target."""

    KEPT = "kept"
    MISSED = "MISSED"
    """Slower, or fewer, than asked for: a matter of the machine as much as of the program."""
    BROKEN = "BROKEN"
    """A promise was not kept: something was lost, doubled or made up."""
    TOLD = ""
    """No target; it says what the others were measured under."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a scenario's table."""

    name: str
    value: float | str
    target: str
    verdict: Verdict


def told(name: str, value: float | str) -> Figure:
    """A figure without a target."""
    return Figure(name, value, "", Verdict.TOLD)


def safety(name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> Figure:
    """A figure of which the promise is that it never passes its bound."""
    return _bounded(name, value, at_most, at_least, Verdict.BROKEN)


def timing(name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> Figure:
    """A figure that depends on the machine too."""
    return _bounded(name, value, at_most, at_least, Verdict.MISSED)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines, one under the other."""
    width = max((len(figure.name) for figure in figures), default=0)
    return "\n".join(
        f"  {figure.verdict:7} {figure.name:{width}} {_shown(figure.value):>12}  {figure.target}".rstrip()
        for figure in figures
    )


def _bounded(name: str, value: float, at_most: float | None, at_least: float | None, otherwise: Verdict) -> Figure:
    is_kept = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    bounds = [f"at least {_shown(at_least)}"] if at_least is not None else []
    bounds += [f"at most {_shown(at_most)}"] if at_most is not None else []
    return Figure(name, value, " and ".join(bounds), Verdict.KEPT if is_kept else otherwise)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
