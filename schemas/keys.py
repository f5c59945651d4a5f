"""The public keys that Telnyx signs its webhooks with.

Source: https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
"""

from __future__ import annotations

import base64
import binascii

_KEY_BYTES = 32
_MAX_KEYS = 3

_PRIME = 2**255 - 19
_ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
#: The y of the eight points under which a signature of any message can be made up, an all-zero placeholder among them.
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT})


def public_keys(raw: str) -> tuple[bytes, ...]:
    """Return the 32 bytes of each comma-separated base64 key.

    Raises ValueError with what is wrong, never with the text itself: what was pasted here may be a secret.
    """
    texts = [text.strip() for text in raw.split(",")]
    if len(texts) > _MAX_KEYS:
        raise ValueError(f"has {len(texts)} keys; give at most {_MAX_KEYS}")
    keys = tuple(_public_key(text, place) for place, text in enumerate(texts, start=1))
    if len(set(keys)) < len(keys):
        raise ValueError("has the same key twice; remove one")
    return keys


def _public_key(text: str, place: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # Comparing also refuses spellings of a key that only some decoders read.
    if not key or base64.b64encode(key).decode("ascii") != text:
        raise ValueError(f"is not base64 in key {place}; copy the public key from Telnyx's portal as it stands there")
    if len(key) != _KEY_BYTES:
        raise ValueError(f"has {len(key)} bytes in key {place}, an Ed25519 public key has {_KEY_BYTES}")
    if (int.from_bytes(key, "little") & (2**255 - 1)) % _PRIME in _SMALL_ORDER:
        raise ValueError(f"has a placeholder for key {place}, under which anybody can sign; copy the real one")
    return key
