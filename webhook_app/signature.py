"""Telnyx's signature: Ed25519 over ``timestamp|raw body``, in two headers.

Source: https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks. Written here in a few
lines rather than taken from Telnyx's SDK: releases of it checked an HMAC keyed with the *public* key, which anybody
can compute, and refused what Telnyx really signs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nacl.bindings import crypto_core_ed25519_BYTES, crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from core.errors import SettingsError, SignatureInvalid, SignatureStale

# Python's int() and b64decode() read much that is neither: " 1", "1_0", other scripts' digits, stray bits at the end.
_TIMESTAMP = re.compile(r"[0-9]{10,11}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{85}[AQgw]==")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a configured key signed, at some time."""

    raw: bytes
    signature: str
    timestamp: str


class Verifier:
    """Tells what Telnyx signed from everything else."""

    def __init__(self, keys: Sequence[bytes], *, tolerance: timedelta) -> None:
        """Take the raw public keys, one or several while they are being changed.

        Raises SettingsError for no key, and for one under which a signature can be made up without its private half.
        """
        if not keys:
            raise SettingsError("TELNYX_PUBLIC_KEY is not set; copy the public key from Telnyx's portal")
        for place, key in enumerate(keys, start=1):
            if len(key) != crypto_core_ed25519_BYTES or not crypto_core_ed25519_is_valid_point(key):
                raise SettingsError(
                    f"TELNYX_PUBLIC_KEY has no usable Ed25519 key in place {place}; copy the one from Telnyx's portal"
                )
        self._keys = [VerifyKey(key) for key in keys]
        self._tolerance = tolerance.total_seconds()

    def verify(self, raw: bytes, *, signature: str | None, timestamp: str | None) -> Signed:
        """Return the signed bytes when a configured key made the signature. Raises SignatureInvalid when none did."""
        if signature is None or timestamp is None:
            raise SignatureInvalid("a header is missing")
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            raise SignatureInvalid("a header is malformed")
        if not self._is_signed(timestamp.encode("ascii") + b"|" + raw, base64.b64decode(signature)):
            raise SignatureInvalid("no configured key made the signature")
        return Signed(raw, signature, timestamp)

    def require_fresh(self, signed: Signed, *, received_at: datetime) -> None:
        """Raise SignatureStale when the signature was made too long before or after it was received."""
        if abs(received_at.timestamp() - int(signed.timestamp)) > self._tolerance:
            raise SignatureStale

    def _is_signed(self, message: bytes, signature: bytes) -> bool:
        for key in self._keys:
            try:
                key.verify(message, signature)
            except BadSignatureError:
                continue
            return True
        return False
