"""The verifier: what Telnyx signed passes, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey

from core.errors import SettingsError, SignatureInvalid, SignatureStale
from tests import telnyx_signing as telnyx
from webhook_app.signature import Signed, Verifier

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BODY = '{"data":{"text":"Grüße 👋"}}'.encode()
TOLERANCE = timedelta(seconds=300)
FULL_WIDTH = "1772366400".translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
#: The eight points of small order, and spellings of them that are not canonical: under such a key anybody can sign.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def a_verifier(*keys: SigningKey) -> Verifier:
    return Verifier([bytes(key.verify_key) for key in keys or (telnyx.KEY,)], tolerance=TOLERANCE)


def verify(verifier: Verifier, body: bytes, headers: dict[str, str]) -> Signed:
    return verifier.verify(
        body, signature=headers.get("telnyx-signature-ed25519"), timestamp=headers.get("telnyx-timestamp")
    )


def test_what_telnyx_signed_passes():
    headers = telnyx.headers(BODY, NOW)
    assert verify(a_verifier(), BODY, headers) == Signed(
        BODY, headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"]
    )


def test_fixed_signature_made_elsewhere_passes():
    """Made with ``cryptography``, so that signing and verifying do not merely agree with each other."""
    key = base64.b64decode("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    signature = "zkmMT51k8P4uegNq6Uvxi1Gz/R9+FYvPuu0srV7lOrDi17H838aG1PJPxr14hZvotAPGWn1hCShopXfKM6FNAw=="
    assert bytes(telnyx.KEY.verify_key) == key
    Verifier([key], tolerance=TOLERANCE).verify(b"{}", signature=signature, timestamp="1772366400")


def test_any_of_several_keys_will_do():
    verifier = a_verifier(telnyx.OTHER_KEY, telnyx.KEY)
    for key in (telnyx.KEY, telnyx.OTHER_KEY):
        verify(verifier, BODY, telnyx.headers(BODY, NOW, key=key))


def test_key_that_is_not_configured_is_refused():
    with pytest.raises(SignatureInvalid):
        verify(a_verifier(), BODY, telnyx.headers(BODY, NOW, key=telnyx.OTHER_KEY))


@pytest.mark.parametrize("header", ["telnyx-timestamp", "telnyx-signature-ed25519"])
def test_missing_header_is_refused(header):
    headers = telnyx.headers(BODY, NOW)
    del headers[header]
    with pytest.raises(SignatureInvalid):
        verify(a_verifier(), BODY, headers)


@pytest.mark.parametrize(
    "timestamp",
    ["", " 1772366400", "1772366400 ", "+1772366400", "-1772366400", "1_772366400", "1772366400.0", "177236640",
     "177236640000", "0x69a4f3c0", "1772366400\n", FULL_WIDTH, "1772366400,1772366400", "NaN", "1e9"],
)  # fmt: skip
def test_timestamp_in_another_form_is_refused_even_when_signed(timestamp):
    with pytest.raises(SignatureInvalid):
        verify(a_verifier(), BODY, telnyx.headers(BODY, timestamp))


def _variants() -> dict[str, str]:
    good = telnyx.headers(BODY, NOW)["telnyx-signature-ed25519"]
    bits = base64.b64decode(good)
    public = bytes(telnyx.KEY.verify_key)
    signed = f"{int(NOW.timestamp())}|".encode() + BODY
    standard = base64.b64encode(hmac.digest(public, b"msg_1." + signed, "sha256")).decode()
    order = 2**252 + 27742317777372353535851937790883648493
    malleable = bits[:32] + (int.from_bytes(bits[32:], "little") + order).to_bytes(32, "little")
    return {
        "empty": "",
        "padding cut off": good.rstrip("="),
        "line break inside": good[:44] + "\n" + good[44:],
        "blank inside": good[:44] + " " + good[44:],
        "stray bits at the end": good[:85] + chr(ord(good[85]) + 1) + "==",
        "two, as a server joins them": f"{good},{good}",
        "url-safe alphabet": base64.urlsafe_b64encode(b"\xff" * 64).decode(),
        "hexadecimal": bits.hex(),
        "63 bytes": base64.b64encode(bits[:63]).decode(),
        "65 bytes": base64.b64encode(bits + b"\0").decode(),
        "S plus the order of the group": base64.b64encode(malleable).decode(),
        "all zero": base64.b64encode(bytes(64)).decode(),
        "HMAC keyed with the public key": base64.b64encode(hmac.digest(public, signed, "sha512")).decode(),
        "HMAC keyed with the public key, short": base64.b64encode(hmac.digest(public, signed, "sha256")).decode(),
        "Standard Webhooks": f"v1,{standard}",
        "Standard Webhooks, asymmetric": f"v1a,{good}",
        "prefixed": f"ed25519={good}",
        "hash of the body": base64.b64encode(hashlib.sha512(signed).digest()).decode(),
    }


@pytest.mark.parametrize("name", _variants())
def test_signature_in_another_form_is_refused(name):
    headers = telnyx.headers(BODY, NOW) | {"telnyx-signature-ed25519": _variants()[name]}
    with pytest.raises(SignatureInvalid):
        verify(a_verifier(), BODY, headers)


def test_every_changed_bit_of_the_signature_is_refused():
    headers = telnyx.headers(BODY, NOW)
    bits = base64.b64decode(headers["telnyx-signature-ed25519"])
    verifier = a_verifier()
    for place in range(512):
        changed = bytearray(bits)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(SignatureInvalid):
            verifier.verify(
                BODY,
                signature=base64.b64encode(bytes(changed)).decode(),
                timestamp=headers["telnyx-timestamp"],
            )


@pytest.mark.parametrize(
    ("off", "is_fresh"), [(0, True), (299, True), (300, True), (301, False), (-299, True), (-300, True), (-301, False)]
)
def test_signature_is_fresh_within_the_tolerance(off, is_fresh):
    verifier = a_verifier()
    signed = verify(verifier, BODY, telnyx.headers(BODY, NOW - timedelta(seconds=off)))
    if is_fresh:
        verifier.require_fresh(signed, received_at=NOW)
    else:
        with pytest.raises(SignatureStale):
            verifier.require_fresh(signed, received_at=NOW)


@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_key_under_which_anybody_can_sign_stops_the_start(encoded):
    with pytest.raises(SettingsError) as refusal:
        Verifier([bytes(telnyx.KEY.verify_key), bytes.fromhex(encoded)], tolerance=TOLERANCE)
    assert "place 2" in str(refusal.value)
    assert encoded not in str(refusal.value)
    assert base64.b64encode(bytes.fromhex(encoded)).decode() not in str(refusal.value)


@pytest.mark.parametrize(
    "key", [b"", b"x" * 31, b"x" * 33, b"\x02" + bytes(31), b"-----BEGIN PUBLIC KEY-----\nMCow"], ids=repr
)
def test_key_that_is_no_point_stops_the_start(key):
    with pytest.raises(SettingsError, match="TELNYX_PUBLIC_KEY"):
        Verifier([key], tolerance=TOLERANCE)


def test_no_key_stops_the_start():
    with pytest.raises(SettingsError, match="is not set"):
        Verifier([], tolerance=TOLERANCE)
