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
    is_shown: bool = True
    """False when the value may hold a secret, if only by mistake."""


VARIABLES = (
    Variable(
        "TELNYX_PUBLIC_KEY",
        None,
        "base64 Ed25519 public key of the Telnyx account, from Keys & Credentials in the portal; up to three, comma"
        " separated, while a key is being rotated; without one the receiver refuses to start",
        is_shown=False,
    ),
    Variable("TELNYX_API_KEY", None, "API key of the same account, for cancelling", is_shown=False),
    Variable("TELNYX_BASE_URL", "https://api.telnyx.com/v2", "where Telnyx's API is, version included"),
    Variable(
        "DATABASE_URL",
        "sqlite:///var/rescind.db",
        "where everything is kept: an SQLite file, or postgresql://user:password@host/name for many machines",
        is_shown=False,
    ),
    Variable(
        "REDIS_URL",
        None,
        "redis://, rediss:// or unix:// URL of a Redis or Valkey server; unset, `rescind up` starts the embedded one",
        is_shown=False,
    ),
    Variable("RESCIND_POLICIES", "policies.toml", "the file with the settings of the cancellation policies"),
    Variable(
        "RESCIND_API_TOKEN",
        None,
        "bearer token for /v1; unset, it is closed",
        is_shown=False,
    ),
    Variable("RESCIND_SPOOL", "var/spool.db", "failover only: the file in which events wait to be handed over"),
    Variable("RESCIND_SPOOL_MAX_EVENTS", "1000000", "failover only: how many events may wait, 1 to 100000000"),
    Variable(
        "RESCIND_SPOOL_MAX_MB", "5000", "failover only: how large the spool may grow on disk, in megabytes, at least 8"
    ),
    Variable(
        "RESCIND_HANDOVER_URL",
        None,
        "failover only: the primary's https://host/internal/handover, which takes the events over; unset, they wait",
    ),
    Variable(
        "RESCIND_HANDOVER_SECRET",
        None,
        "secret of at least 32 characters, the same for failover and primary; unset, the primary takes nothing over",
        is_shown=False,
    ),
    Variable("RESCIND_TOLERANCE", "300", "seconds that the timestamp of a webhook's signature may be off, 1 to 3600"),
    Variable("RESCIND_CANCEL_RATE", "20", "requests a second to Telnyx, shared by all workers, 1 to 1000"),
    Variable(
        "RESCIND_PASSTHROUGH_ON_FAILURE",
        "refuse",
        "what becomes of calls to /v2 while our database is away: refuse them, or forward them unjudged and unwritten",
    ),
    Variable(
        "RESCIND_PASSTHROUGH_KEYS",
        None,
        "which Telnyx API keys may be used through /v2: SHA-256 digests in hexadecimal, comma separated; unset, every"
        " key that Telnyx accepts",
        is_shown=False,
    ),
    Variable(
        "RESCIND_RECONCILE_MINUTES",
        "5",
        "how often the sweeper asks Telnyx for what was missed, in minutes, 1 to 1440; 0 never",
    ),
    Variable("FAILPOINT", None, "for tests of failures only: name:kill, name:raise, name:hang or name:sleep=SECONDS"),
)

_OURS = "RESCIND_"


def explain() -> list[Variable]:
    """Return every environment variable with its default, its meaning and whether it may be shown."""
    return list(VARIABLES)


def mistyped(names: Iterable[str]) -> list[str]:
    """Return one line for every name that is almost one of ours: its value would go unread, unseen.

    A name that resembles none is somebody else's.
    """
    known = {variable.name.removeprefix(_OURS) for variable in VARIABLES if variable.name.startswith(_OURS)}
    return [
        f"{name} is unknown{meant}"
        for name in sorted(names)
        if name.startswith(_OURS)
        and name.removeprefix(_OURS) not in known
        and (meant := problems.did_you_mean(name.removeprefix(_OURS), known, shown_with=_OURS))
    ]
