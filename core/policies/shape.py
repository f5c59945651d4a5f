"""What a module has to have to be a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from core.deciding import Mode, Verdict
from core.facts import Facts, MessageClass, Need, Reach

#: What every policy has; ``needs(settings)`` is had by those that look at more than the message.
PARTS = ("NAME", "PRIORITY", "SOURCE", "Settings", "judge")


class Settings(Protocol):
    """What the settings of every policy have in common; each is a frozen dataclass.

    A field's ``metadata`` may hold ``doc``, a line about it, and for a number its bounds, ``least`` and ``most``.
    """

    @property
    def mode(self) -> Mode:
        """Return whether it acts."""

    @property
    def exempt(self) -> frozenset[MessageClass]:
        """Return the classes that it is not asked about."""


class Policy(Protocol):
    """A module that is a policy. One that needs more than the message has ``needs(settings)`` besides."""

    NAME: str
    PRIORITY: int
    SOURCE: str
    """What it rests on: a law, a provider's page, a practice."""
    Settings: type[Any]

    def judge(self, facts: Facts, settings: Any) -> Verdict:  # noqa: ANN401 - each policy has settings of its own
        """Return what it says of a message."""


def needs_of(policy: Policy, settings: Settings) -> Mapping[Need, Reach]:
    """Return what a policy looks at besides the message under these settings."""
    asks = getattr(policy, "needs", None)
    return asks(settings) if asks else {}
