"""Receiving: what is stored, what is rung for, and what is answered."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import timedelta

import pytest

from core.inbox import InboxStatus
from tests import telnyx_signing as telnyx
from tests.receiving_world import NOW, PATH, Receiver, raw_of, receiving

ID = "5ed9ec04-a33f-4ef2-b452-3a2989fac3a1"


@pytest.fixture
def receiver(database_url) -> Iterator[Receiver]:
    with receiving(database_url) as receiver:
        yield receiver


@pytest.fixture
def sqlite_receiver(sqlite_url) -> Iterator[Receiver]:
    with receiving(sqlite_url) as receiver:
        yield receiver


def test_signed_event_is_stored_whole_and_rung_for(receiver):
    body = telnyx.raw(telnyx.event())
    headers = telnyx.headers(body, NOW)
    answer = receiver.post(body, headers)
    assert (answer.status_code, answer.json) == (200, {"status": "accepted"})
    (row,) = receiver.rows().values()
    sent = json.loads(body)["data"]
    assert (row.event_id, row.event_type) == (sent["id"], "message.received")
    assert raw_of(receiver.database) == {row.event_id: body}
    assert (row.status, row.received_at) == (InboxStatus.PENDING, NOW)
    assert (row.attempt, row.delivered_to) == (1, "https://app.example.com/webhooks/telnyx")
    assert receiver.rung == 1


def test_next_attempt_of_an_event_is_a_duplicate(receiver):
    event = telnyx.event()
    receiver.deliver(event)
    event["meta"]["attempt"] = 2
    receiver.now += timedelta(seconds=20)
    answer = receiver.deliver(event)
    assert (answer.status_code, answer.json) == (200, {"status": "duplicate"})
    (row,) = receiver.rows().values()
    assert (row.deliveries, row.attempt, row.received_at) == (2, 1, NOW)
    assert receiver.rung == 1


def test_replay_of_a_request_within_the_tolerance_has_no_second_effect(receiver):
    body = telnyx.raw(telnyx.event())
    headers = telnyx.headers(body, NOW)
    receiver.post(body, headers)
    receiver.now += timedelta(seconds=299)
    assert receiver.post(body, headers).json == {"status": "duplicate"}
    assert (len(receiver.rows()), receiver.rung) == (1, 1)


def test_replay_of_a_request_after_the_tolerance_is_refused_and_held(receiver):
    body = telnyx.raw(telnyx.event())
    headers = telnyx.headers(body, NOW)
    receiver.post(body, headers)
    receiver.now += timedelta(seconds=301)
    for _ in range(2):
        assert receiver.post(body, headers).status_code == 401
    held = receiver.rows()[f"stale:{hashlib.sha256(body).hexdigest()}"]
    assert (held.status, held.deliveries, held.event_type) == (InboxStatus.STALE, 2, "message.received")
    assert (len(receiver.rows()), receiver.rung) == (2, 1)


def test_fresh_delivery_after_a_stale_one_is_accepted(receiver):
    event = telnyx.event()
    assert receiver.deliver(event, signed_at=NOW - timedelta(hours=2)).status_code == 401
    assert receiver.rung == 0
    assert receiver.deliver(event).json == {"status": "accepted"}
    assert receiver.rung == 1


def test_other_content_under_a_known_id_is_answered_as_duplicate_and_kept(receiver):
    event = telnyx.event(text="STOP")
    receiver.deliver(event)
    event["data"]["payload"]["text"] = "hello"
    assert receiver.deliver(event).json == {"status": "duplicate"}
    assert {row.status for row in receiver.rows().values()} == {InboxStatus.PENDING, InboxStatus.CONFLICT}
    assert receiver.rung == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"data": {"event_type": "message.sent", "id": "x", "id": "y"}}',
        b'{"data": {"event_type": "x", "id": "y", "payload": {"n": NaN}}}',
        b'{"data": {"event_type": "x", "id": "y", "payload": {"n": 1e999}}}',
        b'{"data": {"event_type": "x", "id": "y", "payload": {"n": ' + b"9" * 4301 + b"}}}",
        b'{"data":' + b'{"a":' * 1000 + b"1" + b"}" * 1001,
        b"[" * 100_000,
        b'{"data": {"event_type": "x", "id": "\\u0000"}}',
        b'{"data": {"event_type": "\\ud800", "id": "x"}}',
        b'{"data": {"event_type": "message.sent", "id": "x", "payload": {"id": "../phone_numbers/1"}}}',
        b'{"data": {"event_type": "message.sent", "id": "x"}}',
        b'{"data": {"event_type": "x", "id": "y", "occurred_at": "2016-12-31T23:59:60Z"}}',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_signed_but_unreadable_body_is_quarantined_with_its_bytes(receiver, body):
    answer = receiver.deliver(body)
    assert (answer.status_code, answer.json) == (200, {"status": "quarantined"})
    (row,) = receiver.rows().values()
    assert row.status is InboxStatus.INVALID
    assert raw_of(receiver.database) == {row.event_id: body}
    assert row.reason
    assert "\n" not in row.reason
    assert receiver.rung == 0
    assert receiver.deliver(body).json == {"status": "duplicate"}
    assert len(receiver.rows()) == 1


@pytest.mark.parametrize("event_type", ["message.queued", "something.new", "10dlc.brand.update", "message.echo"])
def test_event_of_an_unknown_type_is_accepted(receiver, event_type):
    event = telnyx.event()
    event["data"]["event_type"] = event_type
    assert receiver.deliver(event).json == {"status": "accepted"}
    assert receiver.rung == 1


def test_text_of_any_characters_is_accepted(receiver):
    for text in ("👍🏽", "مرحبا", "\u0000", "\ud83d", "'\";-- DROP TABLE inbox", "\u202e", "x" * 1600):
        assert receiver.deliver(telnyx.event(text=text)).json == {"status": "accepted"}
    assert len(receiver.rows()) == 7


def test_two_deliveries_at_once_are_one_event(receiver):
    event = telnyx.event()
    answers = []
    together = threading.Barrier(8)

    def deliver() -> None:
        together.wait()
        answers.append(receiver.deliver(event).json["status"])

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["accepted", *["duplicate"] * 7]
    (row,) = receiver.rows().values()
    assert (row.deliveries, receiver.rung) == (8, 1)


def test_unsigned_request_changes_nothing(sqlite_receiver):
    answer = sqlite_receiver.post(telnyx.raw(telnyx.event()), {})
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"
    assert (sqlite_receiver.rows(), sqlite_receiver.rung) == ({}, 0)


def test_all_refusals_of_a_signature_look_alike(sqlite_receiver):
    body = telnyx.raw(telnyx.event())
    stale = sqlite_receiver.deliver(body, signed_at=NOW - timedelta(days=1))
    missing = sqlite_receiver.post(body, {})
    forged = sqlite_receiver.post(body, telnyx.headers(body, NOW, key=telnyx.OTHER_KEY))
    assert stale.data == missing.data == forged.data
    assert {name for name, _ in stale.headers} == {name for name, _ in forged.headers}


def test_second_key_is_accepted_while_keys_change(sqlite_url):
    other = base64.b64encode(bytes(telnyx.OTHER_KEY.verify_key)).decode()
    body = telnyx.raw(telnyx.event())
    with receiving(sqlite_url, TELNYX_PUBLIC_KEY=f"{telnyx.PUBLIC_KEY},{other}") as receiver:
        assert receiver.post(body, telnyx.headers(body, NOW, key=telnyx.OTHER_KEY)).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_content_type_decides_nothing(sqlite_receiver, content_type):
    body = telnyx.raw(telnyx.event())
    headers = telnyx.headers(body, NOW) | {"Content-Type": content_type}
    assert sqlite_receiver.post(body, headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("PUT", PATH, 405),
        ("OPTIONS", PATH, 405),
        ("HEAD", PATH, 405),
        ("POST", PATH + "/", 404),
        ("POST", "/webhooks//telnyx", 404),
        ("POST", "/webhooks/Telnyx", 404),
        ("POST", "/webhooks/telnyx%00", 404),
        ("POST", "/webhooks", 404),
        ("GET", "/static/x", 404),
    ],
)
def test_other_routes_are_no_redirects_and_change_nothing(sqlite_receiver, method, path, status):
    body = telnyx.raw(telnyx.event())
    answer = sqlite_receiver.client.open(path, method=method, data=body, headers=telnyx.headers(body, NOW))
    assert answer.status_code == status
    assert (answer.headers.get("Allow") == "POST") == (status == 405)
    assert sqlite_receiver.rows() == {}


def test_every_answer_is_json_that_nobody_caches(sqlite_receiver):
    answers = [
        sqlite_receiver.deliver(telnyx.event()),
        sqlite_receiver.deliver(b"{"),
        sqlite_receiver.post(b"", {}),
        sqlite_receiver.post(b"x" * 300_000, {}),
        sqlite_receiver.post(b"", {"Content-Encoding": "gzip"}),
        sqlite_receiver.client.get("/nowhere"),
        sqlite_receiver.client.get(PATH),
        sqlite_receiver.client.get("/healthz"),
        sqlite_receiver.client.get("/readyz"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 413, 415, 404, 405, 200, 200]
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if answer.status_code >= 400:
            assert answer.json.keys() == {"error"}
            assert answer.json["error"].keys() == {"code", "message"}


def test_bug_is_answered_without_a_word_of_its_insides(sqlite_receiver):
    sqlite_receiver.app.view_functions["health.alive"] = lambda: 1 / 0
    answer = sqlite_receiver.client.get("/healthz")
    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "internal_server_error"
    assert b"Zero" not in answer.data
    assert b"Traceback" not in answer.data


def test_log_has_one_line_an_event_and_nothing_personal(sqlite_url):
    event = telnyx.event(text="CANARY-text")
    event["data"]["event_type"] = '", "event": "forged'
    told = io.StringIO()
    with redirect_stderr(told), receiving(sqlite_url) as receiver:
        receiver.deliver(event)
        receiver.deliver(b'{"data": {"id": "a\\nb\\u001b[31m", "event_type": "message.sent"}}')
    lines = told.getvalue().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["accepted", "quarantined"]
    assert json.loads(lines[0])["event_id"] == event["data"]["id"]
    for secret in ("CANARY", "+1555", "\x1b"):
        assert secret not in told.getvalue()


def test_flood_of_refused_requests_is_a_line_a_second(sqlite_url):
    told = io.StringIO()
    with redirect_stderr(told), receiving(sqlite_url) as receiver:
        for _ in range(300):
            receiver.post(b"", {})
    assert 1 <= len(told.getvalue().splitlines()) <= 3


def test_log_that_cannot_be_written_fails_no_request(sqlite_url):
    class FullDisk(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with redirect_stderr(FullDisk()), receiving(sqlite_url) as receiver:
        assert receiver.deliver(telnyx.event()).status_code == 200
        assert receiver.post(b"", {}).status_code == 401
