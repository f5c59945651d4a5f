"""The environment variables there are: the contract that operators rely on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas import problems


class Variable(NamedTuple):
    """One environment variable, explained."""

    name: str
    default: str | None
    meaning: str
    is_secret: bool = False
    """True when the value may hold a password, so that it is never shown."""


VARIABLES = (
    Variable(
        "TELNYX_PUBLIC_KEY",
        None,
        "base64 Ed25519 public key of the Telnyx account, from Keys & Credentials in the portal; up to three, comma"
        " separated, while a key is being rotated; without one the receiver refuses to start",
    ),
    Variable("TELNYX_API_KEY", None, "API key of the same account, for cancelling and reconciling", is_secret=True),
    Variable("TELNYX_BASE_URL", "https://api.telnyx.com/v2", "where Telnyx's API is, version included"),
    Variable(
        "DATABASE_URL",
        "sqlite:///var/rescind.db",
        "where everything is kept: an SQLite file, or postgresql://user:password@host/name for many machines",
        is_secret=True,
    ),
    Variable(
        "REDIS_URL",
        None,
        "redis://, rediss:// or unix:// URL of a Redis or Valkey server; unset, `rescind up` starts the embedded one",
        is_secret=True,
    ),
    Variable("RESCIND_POLICIES", "policies.toml", "the file with the settings of the cancellation policies"),
    Variable(
        "RESCIND_API_TOKEN",
        None,
        "bearer token for /v1 and /metrics, at least 16 characters; unset, those are closed",
        is_secret=True,
    ),
    Variable("RESCIND_TOLERANCE", "300", "seconds that the timestamp of a webhook's signature may be off, 1 to 3600"),
    Variable("RESCIND_CANCEL_RATE", "20", "requests a second to Telnyx, shared by all workers, 1 to 1000"),
)

#: Names in the contract that other programs of this family read.
_READ_ELSEWHERE = (
    "RESCIND_CONSOLE_PASSWORD",
    "RESCIND_SPOOL",
    "RESCIND_HANDOVER_URL",
    "RESCIND_HANDOVER_SECRET",
)
_OURS, _FOR_TESTS = "RESCIND_", "RESCIND_TEST_"


def explain() -> list[Variable]:
    """Return every environment variable with its default, its meaning and whether it is secret."""
    return list(VARIABLES)


def unknown(names: Iterable[str]) -> list[str]:
    """Return one line for every name that is meant for us and that nobody reads: a typo would go unseen."""
    known = [variable.name for variable in VARIABLES] + list(_READ_ELSEWHERE)
    ours = {name.removeprefix(_OURS) for name in known if name.startswith(_OURS)}
    return [
        f"{name} is unknown{problems.did_you_mean(name.removeprefix(_OURS), ours, shown_with=_OURS)}"
        for name in sorted(names)
        if name.startswith(_OURS) and not name.startswith(_FOR_TESTS) and name not in known
    ]
