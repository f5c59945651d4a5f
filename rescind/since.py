"""``--since``: how long ago, or since when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from schemas.instants import instant

_AGO = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Since(click.ParamType[datetime]):
    """Reads ``2h`` as two hours ago, and an ISO-8601 time with its zone as itself."""

    name = "since"

    def __init__(self, longest: timedelta | None = None) -> None:
        """Refuse what is longer ago than ``longest``, if given."""
        self._longest = longest

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, aware UTC."""
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        if found := _AGO.fullmatch(str(value)):
            since = now - int(found[1]) * _UNITS[found[2]]
        else:
            try:
                since = instant(value)
            except ValueError as error:
                self.fail(f"{value!r} is neither an age such as 2h or 3d nor a time: it {error}", param, ctx)
        if since > now:
            self.fail(f"{value!r} is yet to come", param, ctx)
        if self._longest is not None and now - since > self._longest:
            self.fail(f"{value!r} is longer ago than {self._longest.days}d, which is the most to ask for", param, ctx)
        return since
