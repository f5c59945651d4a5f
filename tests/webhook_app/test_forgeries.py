"""Twenty thousand requests that Telnyx did not sign change nothing: no row, no ring, one answer for all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest
import sqlalchemy as sa
from nacl.signing import SigningKey

from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.receiving_world import NOW, PATH, Receiver, receiving, served

ALLOWED = {400, 401, 404, 405, 413, 414, 415, 431}
ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL_POINTS = [
    bytes.fromhex(encoded)
    for encoded in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
]
PUBLIC = bytes(telnyx.KEY.verify_key)
SECRET = base64.b64encode(PUBLIC)

Forgery = tuple[bytes, dict[str, str]]


def encoded(signature: bytes) -> str:
    return base64.b64encode(signature).decode("ascii")


def genuine(at: datetime) -> tuple[bytes, str, bytes]:
    """Return a body, its timestamp and the 64 bytes of its signature."""
    body = telnyx.raw(telnyx.event(text="STOP", autoresponse_type="STOP"))
    headers = telnyx.headers(body, at)
    return body, headers["telnyx-timestamp"], base64.b64decode(headers["telnyx-signature-ed25519"])


def request(body: bytes, timestamp: str, signature: str) -> Forgery:
    return body, {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}


def flipped_signature_bits(_: random.Random, at: datetime) -> Iterator[Forgery]:
    body, timestamp, signature = genuine(at)
    for place in range(512):
        changed = int.from_bytes(signature, "little") ^ 1 << place
        yield request(body, timestamp, encoded(changed.to_bytes(64, "little")))


def flipped_body_bits(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    body, timestamp, signature = genuine(at)
    for place in chance.sample(range(len(body) * 8), 4000):
        changed = bytearray(body)
        changed[place // 8] ^= 1 << place % 8
        yield request(bytes(changed), timestamp, encoded(signature))


def cut_and_padded_bodies(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    body, timestamp, signature = genuine(at)
    for _ in range(1500):
        place = chance.randrange(len(body))
        inserted = chance.choice([b"", b" ", b"\n", b"\0", b"0", b"\xef\xbb\xbf"])
        if inserted != body[place : place + 1]:
            yield request(body[:place] + inserted + body[place + 1 :], timestamp, encoded(signature))
        yield request(body + b" " * (place + 1), timestamp, encoded(signature))


def swapped_timestamps(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    body, timestamp, signature = genuine(at)
    for _ in range(1500):
        other = str(int(timestamp) + chance.choice([-1, 1]) * chance.randrange(1, 300))
        yield request(body, other, encoded(signature))
    # The separator does not move: "1|2{…" signed is not "1" and "2{…".
    yield request(timestamp[-1].encode() + b"|" + body, timestamp, encoded(signature))
    for form in (f" {timestamp}", f"+{timestamp}", f"{timestamp},{timestamp}", f"{timestamp}.0", f"0{timestamp}", ""):
        yield request(body, form, encoded(signature))


def signatures_of_other_events(_: random.Random, at: datetime) -> Iterator[Forgery]:
    signed = [genuine(at) for _ in range(60)]
    for body, _, _ in signed:
        for _, timestamp, signature in signed[:20]:
            if telnyx.headers(body, timestamp)["telnyx-signature-ed25519"] != encoded(signature):
                yield request(body, timestamp, encoded(signature))


def other_keys(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    body, _, _ = genuine(at)
    for _ in range(1500):
        yield body, telnyx.headers(body, at, key=SigningKey(chance.randbytes(32)))


def public_key_as_secret(_: random.Random, at: datetime) -> Iterator[Forgery]:
    """What anybody can compute, and what verifiers have been seen to accept."""
    for number in range(300):
        body, timestamp, _ = genuine(at)
        for secret in (PUBLIC, SECRET):
            for signed in (f"{timestamp}|".encode() + body, f"msg_{number}.{timestamp}.".encode() + body, body):
                for digest in ("sha256", "sha512"):
                    made = encoded(hmac.digest(secret, signed, digest))
                    for form in (made, f"v1,{made}", f"v1a,{made}"):
                        yield request(body, timestamp, form)


def standard_webhooks_headers(_: random.Random, at: datetime) -> Iterator[Forgery]:
    for number in range(300):
        body, timestamp, signature = genuine(at)
        name = f"msg_{number}"
        made = encoded(hmac.digest(PUBLIC, f"{name}.{timestamp}.".encode() + body, "sha256"))
        for form in (f"v1,{made}", f"v1a,{encoded(signature)}", f"v1,{made} v1a,{encoded(signature)}"):
            yield body, {"webhook-id": name, "webhook-timestamp": timestamp, "webhook-signature": form}


def made_up_signatures(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    """Points of small order, an S beyond the group's order, and noise."""
    body, timestamp, signature = genuine(at)
    scalar = int.from_bytes(signature[32:], "little")
    for factor in range(1, 12):
        if scalar + factor * ORDER < 2**256:
            yield request(body, timestamp, encoded(signature[:32] + (scalar + factor * ORDER).to_bytes(32, "little")))
    for point in SMALL_POINTS:
        for made in (0, 1, 2, 8, ORDER, ORDER - 1, scalar):
            for _ in range(10):
                yield request(genuine(at)[0], timestamp, encoded(point + made.to_bytes(32, "little")))
    for _ in range(1500):
        yield request(body, timestamp, encoded(chance.randbytes(64)))


def other_encodings(chance: random.Random, at: datetime) -> Iterator[Forgery]:
    body, timestamp, signature = genuine(at)
    good = encoded(signature)
    yield request(body, timestamp, signature.hex())
    yield request(body, timestamp, good.rstrip("="))
    yield request(body, timestamp, f"{good},{good}")
    yield request(body, timestamp, hashlib.sha256(body).hexdigest())
    for letter in "BCDEFGHIJKLMNOPRSTUVWXYZabcdefhijklmnopqrstuvxyz0123456789+/":
        yield request(body, timestamp, good[:85] + letter + "==")
    for _ in range(600):
        place = chance.randrange(88)
        blank = chance.choice([" ", "\t", "=", "-", "_", ".", ","])
        yield request(body, timestamp, good[:place] + blank + good[place:])


FAMILIES = [
    flipped_signature_bits,
    flipped_body_bits,
    cut_and_padded_bodies,
    swapped_timestamps,
    signatures_of_other_events,
    other_keys,
    public_key_as_secret,
    standard_webhooks_headers,
    made_up_signatures,
    other_encodings,
]


def made_at(at: datetime, *, of_each: int | None = None) -> list[Forgery]:
    """Return forgeries of every family, all of them or the first few of each."""
    families = [family(random.Random(number), at) for number, family in enumerate(FAMILIES)]
    return [forgery for family in families for forgery in islice(family, of_each)]


@pytest.fixture(scope="module")
def forgeries() -> list[Forgery]:
    return made_at(NOW)


def dump(database: Database) -> dict[str, list[tuple]]:
    """Return everything that is in the database."""
    with database.read() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.text(f'SELECT * FROM "{name}"'))), key=repr)
            for name in sa.inspect(connection).get_table_names()
        }


@pytest.fixture
def receiver(sqlite_url) -> Iterator[Receiver]:
    with receiving(sqlite_url) as receiver:
        # There is something to damage, and what every forgery was made from has never arrived.
        receiver.deliver(telnyx.event())
        receiver.rung = 0
        yield receiver


def test_forgeries_change_nothing_and_look_alike(receiver, forgeries):
    assert len(forgeries) >= 20_000
    before = dump(receiver.database)
    answers = {
        (answer.status_code, answer.data) for body, headers in forgeries if (answer := receiver.post(body, headers))
    }
    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1
    assert dump(receiver.database) == before
    assert receiver.rung == 0


def test_forgeries_to_other_routes_change_nothing(receiver, forgeries):
    before = dump(receiver.database)
    for number, (body, headers) in enumerate(forgeries[::40]):
        path = [f"{PATH}/", f"/{PATH}", "/webhooks", "/", f"{PATH};x", f"{PATH}%2f"][number % 6]
        method = ["POST", "PUT", "DELETE", "PATCH", "GET"][number % 5]
        assert receiver.client.open(path, method=method, data=body, headers=headers).status_code in ALLOWED
        assert receiver.client.put(PATH, data=body, headers=headers).status_code == 405
        encoded_so = {**headers, "Content-Encoding": "gzip"}
        assert receiver.post(body, encoded_so).status_code == 415
    assert dump(receiver.database) == before
    assert receiver.rung == 0


def test_genuine_requests_pass_right_after(receiver, forgeries):
    for body, headers in forgeries[:50]:
        receiver.post(body, headers)
    assert receiver.deliver(telnyx.event()).json == {"status": "accepted"}


def test_no_forgery_is_ever_parsed(receiver, forgeries, monkeypatch):
    def parse(_: bytes) -> None:
        raise AssertionError("parsed before it was verified")

    monkeypatch.setattr("schemas.envelope.read", parse)
    huge = [b"[" * 200_000, b'{"a":' * 40_000, b"\\u0000" * 40_000, b"9" * 250_000]
    for body in huge:
        assert receiver.post(body, telnyx.headers(body, NOW, key=telnyx.OTHER_KEY)).status_code == 401
    for body, headers in forgeries[::200]:
        assert receiver.post(body, headers).status_code == 401


def test_forgeries_over_sockets_change_nothing(tmp_path, sqlite_url):
    database = Database(sqlite_url)
    with served(tmp_path, sqlite_url) as port:
        before = dump(database)
        for body, headers in made_at(datetime.now(UTC), of_each=40):
            assert _status(port, body, headers) in ALLOWED
        assert dump(database) == before
    database.dispose()


def _status(port: int, body: bytes, headers: dict[str, str]) -> int:
    lines = [f"POST {PATH} HTTP/1.1", "Host: x", *[f"{name}: {value}" for name, value in headers.items()]]
    head = "\r\n".join([*lines, "Connection: close", f"Content-Length: {len(body)}", "", ""]).encode("latin-1")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + body)
        return int(connection.recv(65536)[9:12])
