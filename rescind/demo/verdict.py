"""Whether it came out right, judged by the simulator's own record and not by ours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CANCELLED = "cancelled"
_SCHEDULED = "scheduled"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """What the story asks for, by message id."""

    cancelled: Collection[str]
    kept: Collection[str]
    delivered: Collection[str]


def faults(
    expected: Expected,
    *,
    messages: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
    ledger: Mapping[str, Any],
) -> list[str]:
    """Return what is wrong, a line each; nothing when all is well.

    ``messages`` and ``requests`` are the simulator's record, ``ledger`` is what Rescind says of itself.
    """
    status = {each["id"]: each["to"][0]["status"] for each in messages}
    asked = {each["path"].rsplit("/", 1)[-1] for each in requests if each["method"] == "DELETE"}
    registered = len(expected.cancelled) + len(expected.kept)
    wanted = {
        "registered": registered,
        "pending": len(expected.kept),
        _CANCELLED: len(expected.cancelled),
        "released": 0,
        "breach": 0,
    }
    return [
        *_differing("not cancelled at Telnyx", expected.cancelled, status, _CANCELLED),
        *_differing("no longer scheduled at Telnyx", expected.kept, status, _SCHEDULED),
        *_differing("not delivered", expected.delivered, status, "delivered"),
        *_named("asked to be cancelled without a reason", asked - set(expected.cancelled)),
        *(
            f"the ledger says {name} is {ledger.get(name)}, it should be {number}"
            for name, number in wanted.items()
            if ledger.get(name) != number
        ),
    ]


def _differing(what: str, ids: Collection[str], status: Mapping[str, str], wanted: str) -> list[str]:
    return _named(what, {each for each in ids if status.get(each) != wanted})


def _named(what: str, ids: Collection[str]) -> list[str]:
    if not ids:
        return []
    first = ", ".join(sorted(ids)[:_SHOWN])
    return [f"{len(ids)} messages {what}: {first}{' …' if len(ids) > _SHOWN else ''}"]
