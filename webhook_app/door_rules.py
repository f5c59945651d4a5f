"""The rules that the door decides by, put down beside its work: no call waits for that, as one of the API may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.deciding import Rules
from store import rulebooks
from webhook_app.door_book import Book

#: What is written later may be given up, of which nobody is told.
_ASKED_AGAIN_AFTER = timedelta(minutes=1)


class Noted:
    """Gives the rules of the moment. For many threads, within a transaction or without, and never waits."""

    def __init__(self, current: Callable[[], Rules], *, book: Book, now: Callable[[], datetime]) -> None:
        """Put down nothing yet."""
        self._current = current
        self._book = book
        self._now = now
        self._noted: str | None = None
        self._asked: tuple[str, datetime] | None = None

    def __call__(self) -> Rules:
        """Return the rules to judge by; what they are is written soon, since decisions name them by their digest.

        Raises RulesUnavailable.
        """
        rules = self._current()
        if rules.digest != self._noted:
            self._ask_for(rules)
        return rules

    def _ask_for(self, rules: Rules) -> None:
        """Have the rules put down; not with each call, lest they take the place of what Telnyx answered."""
        now = self._now()
        if self._asked is not None and self._asked[0] == rules.digest and now < self._asked[1] + _ASKED_AGAIN_AFTER:
            return
        self._asked = (rules.digest, now)

        def put_down(connection: sa.Connection) -> bool:
            rulebooks.keep(connection, rules, now=self._now())
            self._noted = rules.digest
            return False

        self._book.write_later(put_down, f"rules {rules.digest}")
