"""Points in time, as others write them."""

from __future__ import annotations

from datetime import UTC, datetime

#: 1970 is what a time says that nobody has set. Sums with such times stay inside what a datetime can hold.
_EARLIEST_YEAR, _LATEST_YEAR = 1971, 2998


def instant(raw: object) -> datetime:
    """Return an ISO-8601 time with its zone as aware UTC, ``2026-02-15T14:30:00Z`` or with a space for the T.

    Raises ValueError with what is wrong. A leap second is refused: no two programs agree on where it goes.
    """
    read = _read(raw) if isinstance(raw, str) else None
    if read is None:
        raise ValueError("is not a time such as 2026-02-15T14:30:00Z")
    if read.tzinfo is None:
        raise ValueError("has no zone; write Z or an offset such as +00:00")
    if not _EARLIEST_YEAR <= read.year <= _LATEST_YEAR:
        raise ValueError(f"lies outside the years {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    return read.astimezone(UTC)


def _read(raw: str) -> datetime | None:
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        return None
