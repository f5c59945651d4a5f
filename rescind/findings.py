"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    WARN = "warn"
    """It works, but something is missing or unsafe."""
    FAIL = "fail"
    """Something will not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    subject: str
    state: State
    told: str
    remedy: str | None = None


def ok(subject: str, told: str) -> Finding:
    """Say that all is well."""
    return Finding(subject, State.OK, told)


def warn(subject: str, told: str, remedy: str) -> Finding:
    """Say that it works, but not as well as it could."""
    return Finding(subject, State.WARN, told, remedy)


def fail(subject: str, told: str, remedy: str) -> Finding:
    """Say that something will not work."""
    return Finding(subject, State.FAIL, told, remedy)
