"""The rules that a process decides by, put down before it makes the first decision by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.deciding import Rules
from store import rulebooks
from store.engine import Database


class Following:
    """Gives the rules of the moment. Safe to use from many threads."""

    def __init__(self, database: Database, current: Callable[[], Rules], *, now: Callable[[], datetime]) -> None:
        """Open nothing yet."""
        self._database = database
        self._current = current
        self._now = now
        self._kept: str | None = None

    def __call__(self) -> Rules:
        """Return the rules to judge one transaction by, which has not begun yet. Raises StoreUnavailable.

        What they are is committed first, in a transaction of its own: decisions that name them by their digest hold
        many locks, on which nobody is to wait for this row.
        """
        rules = self._current()
        if rules.digest != self._kept:
            with self._database.begin() as connection:
                rulebooks.keep(connection, rules, now=self._now())
            self._kept = rules.digest
        return rules
