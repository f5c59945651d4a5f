"""The seal of a hand-over: who knows the secret made it, lately, and it counts once.

HMAC-SHA256 over time, nonce and body, in three headers. That a nonce counts once is kept by ``store.nonces``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from wsgiref.types import WSGIEnvironment

from core.errors import SignatureInvalid, SignatureStale
from schemas.secret import Secret

#: How far the clocks of failover and primary may be apart, the way of a request included.
WINDOW = timedelta(seconds=300)
_TIMESTAMP = re.compile(r"[0-9]{10,11}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
#: So that nothing else made with the same secret can ever pass for a seal.
_PURPOSE = b"rescind hand-over 1\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """What the three headers of a hand-over say."""

    timestamp: str
    nonce: str
    signature: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say so."""
        return {
            "Rescind-Timestamp": self.timestamp,
            "Rescind-Nonce": self.nonce,
            "Rescind-Signature": self.signature,
        }


def sealed(body: bytes, secret: Secret, *, now: datetime) -> Seal:
    """Return the seal of a body, with a nonce of its own."""
    timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
    return Seal(timestamp, nonce, _signature(body, secret, timestamp, nonce))


def read(environ: WSGIEnvironment, *, now: datetime) -> Seal:
    """Return the seal of a request, of which only the time is judged, before the body is read.

    Raises SignatureInvalid for none, and SignatureStale for one that is out of the window.
    """
    seal = Seal(
        timestamp=_matching(_TIMESTAMP, environ.get("HTTP_RESCIND_TIMESTAMP")),
        nonce=_matching(_NONCE, environ.get("HTTP_RESCIND_NONCE")),
        signature=_matching(_SIGNATURE, environ.get("HTTP_RESCIND_SIGNATURE")),
    )
    if abs(now.timestamp() - int(seal.timestamp)) > WINDOW.total_seconds():
        raise SignatureStale("the seal's time is out of the window")
    return seal


def require_genuine(seal: Seal, body: bytes, secret: Secret) -> None:
    """Raise SignatureInvalid unless the seal was made with the secret for these bytes."""
    expected = _signature(body, secret, seal.timestamp, seal.nonce)
    if not hmac.compare_digest(expected.encode("ascii"), seal.signature.encode("ascii")):
        raise SignatureInvalid("the secret did not make the seal")


def _signature(body: bytes, secret: Secret, timestamp: str, nonce: str) -> str:
    signed = b"".join([_PURPOSE, timestamp.encode("ascii"), b"\n", nonce.encode("ascii"), b"\n", body])
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()


def _matching(form: re.Pattern[str], given: str | None) -> str:
    if given is None:
        raise SignatureInvalid("a header of the seal is missing")
    if not form.fullmatch(given):
        raise SignatureInvalid("a header of the seal is malformed")
    return given
