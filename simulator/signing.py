"""Sign webhook bodies as Telnyx does: Ed25519 over ``timestamp|raw body``.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

import base64
import hashlib
import time

import nacl.signing

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIMESTAMP_HEADER = "telnyx-timestamp"


class SigningKey:
    """An account's webhook key pair: random, or derived from ``seed`` and then always the same."""

    def __init__(self, seed: int | str | None = None) -> None:
        if seed is None:
            self._key = nacl.signing.SigningKey.generate()
        else:
            self._key = nacl.signing.SigningKey(hashlib.sha256(str(seed).encode()).digest())

    @property
    def public_key(self) -> str:
        """The public half in base64, as Telnyx's portal shows it."""
        return base64.b64encode(bytes(self._key.verify_key)).decode()

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """Make the two signature headers for a body; ``timestamp`` is Unix seconds, by default the real present."""
        stamp = str(int(time.time()) if timestamp is None else timestamp)
        signature = self._key.sign(stamp.encode() + b"|" + body).signature
        return {SIGNATURE_HEADER: base64.b64encode(signature).decode(), TIMESTAMP_HEADER: stamp}
