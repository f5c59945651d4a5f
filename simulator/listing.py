"""Filter and page the lists that Telnyx offers for recovery.

Filters not known here are refused with a 400, as Telnyx refuses unknown ones: a
client that filters by a misspelt name must not believe that it has seen everything.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simulator import refusals
from simulator.messages import JsonObject

_LARGEST_PAGE = 250
_USUAL_PAGE = 25

Filter = Callable[[JsonObject, str], bool]
"""Whether a row is wanted, given the value that the query asks for."""


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _outcome(text: str) -> str:
    if text not in {"delivered", "failed"}:
        raise ValueError(f"{text!r} is neither 'delivered' nor 'failed'.")
    return text


#: ``GET /v2/messaging_optouts``; ``from`` is the sender there.
OPTOUTS: Mapping[str, Filter] = {
    "filter[messaging_profile_id]": lambda row, value: bool(row["messaging_profile_id"] == value),
    "filter[from]": lambda row, value: bool(row["from"] == value),
    "created_at[gte]": lambda row, value: _moment(row["created_at"]) >= _moment(value),
    "created_at[lte]": lambda row, value: _moment(row["created_at"]) <= _moment(value),
    # Of the rows themselves; see ``redacted``.
    "redaction_enabled": lambda _row, _value: True,
}

#: ``GET /v2/webhook_deliveries``.
DELIVERIES: Mapping[str, Filter] = {
    "filter[status][eq]": lambda row, value: bool(row["status"] == _outcome(value)),
    "filter[event_type]": lambda row, value: row["webhook"].get("event_type") in value.split(","),
    "filter[webhook][contains]": lambda row, value: value in str(row["webhook"]),
    "filter[attempts][contains]": lambda row, value: value in str(row["attempts"]),
    "filter[started_at][gte]": lambda row, value: _moment(row["started_at"]) >= _moment(value),
    "filter[started_at][lte]": lambda row, value: _moment(row["started_at"]) <= _moment(value),
    "filter[finished_at][gte]": lambda row, value: _moment(row["finished_at"]) >= _moment(value),
    "filter[finished_at][lte]": lambda row, value: _moment(row["finished_at"]) <= _moment(value),
}


def redacted(rows: Sequence[JsonObject], query: Mapping[str, str]) -> Sequence[JsonObject]:
    """Hide the middle of the numbers that opted out, where the query asks for it."""
    if query.get("redaction_enabled", "false").lower() != "true":
        return rows
    return [{**row, "to": f"{row['to'][:5]}***{row['to'][-4:]}"} for row in rows]


def page(
    rows: Sequence[JsonObject], query: Mapping[str, str], *, filters: Mapping[str, Filter] | None = None
) -> dict[str, Any]:
    """Give the page that the query asks for, with Telnyx's ``meta``; raises ``RefusedError``."""
    known = filters or {}
    asked = {name: value for name, value in query.items() if name not in {"page[number]", "page[size]"}}
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise refusals.bad_request(f"Unknown filter: {', '.join(unknown)}.")
    try:
        number, size = int(query.get("page[number]", 1)), int(query.get("page[size]", _USUAL_PAGE))
        wanted = [row for row in rows if all(known[name](row, value) for name, value in asked.items())]
    except ValueError as error:
        raise refusals.bad_request(f"A filter or page number cannot be read: {error}") from None
    if number < 1 or not 1 <= size <= _LARGEST_PAGE:
        raise refusals.bad_request(f"Pages count from 1 and have 1 to {_LARGEST_PAGE} rows.")
    first = (number - 1) * size
    meta = {
        "total_pages": max(1, -(-len(wanted) // size)),
        "total_results": len(wanted),
        "page_number": number,
        "page_size": size,
    }
    return {"data": wanted[first : first + size], "meta": meta}
