"""The rules that the door decides by, put down beside its work: no call waits for that, as one of the API may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from core.deciding import Rules
from store import rulebooks
from webhook_app.door_book import Book


class Noted:
    """Gives the rules of the moment. For many threads, within a transaction or without, and never waits."""

    def __init__(self, current: Callable[[], Rules], *, book: Book, now: Callable[[], datetime]) -> None:
        """Put down nothing yet."""
        self._current = current
        self._book = book
        self._now = now
        self._noted: str | None = None

    def __call__(self) -> Rules:
        """Return the rules to judge by; what they are is written soon, since decisions name them by their digest.

        Raises RulesUnavailable.
        """
        rules = self._current()
        if rules.digest != self._noted:
            self._noted = rules.digest

            def put_down(connection: sa.Connection) -> bool:
                rulebooks.keep(connection, rules, now=self._now())
                return False

            self._book.write_later(put_down, f"rules {rules.digest}")
        return rules
