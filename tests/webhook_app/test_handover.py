"""Taking over from the failover process: what is stored, what is answered of each event, and what is let in at all."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.inbox import InboxStatus
from schemas.handover import HANDOVER_PATH
from store.tables import handover_nonces
from tests import telnyx_signing as telnyx
from tests.handing import SECRET, body_of, hand_over, handed, post, sealing, verdicts
from tests.receiving_world import NOW, Receiver, raw_of, receiving

LONG_AGO = NOW - timedelta(hours=9)


@pytest.fixture
def primary(database_url) -> Iterator[Receiver]:
    with receiving(database_url, RESCIND_HANDOVER_SECRET=SECRET) as primary:
        yield primary


@pytest.fixture
def sqlite_primary(sqlite_url) -> Iterator[Receiver]:
    with receiving(sqlite_url, RESCIND_HANDOVER_SECRET=SECRET) as primary:
        yield primary


def nonces_of(primary: Receiver) -> int:
    with primary.database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(handover_nonces))


def test_event_is_stored_whole_with_the_time_it_was_received(primary):
    event = telnyx.event()
    body = telnyx.raw(event)

    answer = hand_over(primary, handed(7, body, received_at=LONG_AGO))

    assert answer.json == {"data": [{"id": 7, "verdict": "accepted", "reason": None}]}
    (row,) = primary.rows().values()
    assert (row.event_id, row.status) == (event["data"]["id"], InboxStatus.PENDING)
    assert (row.source, row.received_at) == ("failover", LONG_AGO)
    assert (row.attempt, row.delivered_to) == (1, "https://app.example.com/webhooks/telnyx")
    assert raw_of(primary.database) == {row.event_id: body}
    assert primary.rung == 1


def test_every_event_of_a_batch_has_a_verdict_of_its_own(primary):
    known, new = telnyx.event(), telnyx.event("message.finalized.delivered")
    assert primary.deliver(known).json == {"status": "accepted"}
    genuine = handed(5, telnyx.event(text="no"), received_at=LONG_AGO)
    tampered = replace(genuine, raw=genuine.raw.replace(b'"no"', b'"yes"'))
    unsigned = replace(genuine, id=6, signature="", timestamp="")

    answer = hand_over(
        primary,
        handed(1, known, received_at=LONG_AGO),
        handed(2, new, received_at=LONG_AGO),
        handed(3, b"not JSON", received_at=LONG_AGO),
        handed(4, telnyx.event(), received_at=LONG_AGO, signed_at=LONG_AGO - timedelta(seconds=301)),
        tampered,
        unsigned,
        handed(8, telnyx.event(), received_at=NOW + timedelta(seconds=301)),
        handed(9, new, received_at=LONG_AGO),
    )

    assert verdicts(answer) == {
        1: "duplicate",
        2: "accepted",
        3: "quarantined",
        4: "held",
        5: "refused",
        6: "refused",
        8: "refused",
        9: "duplicate",
    }
    reasons = {each["id"]: each["reason"] for each in answer.json["data"]}
    assert (reasons[1], reasons[2]) == (None, None)
    assert "is not JSON" in reasons[3]
    assert reasons[5].startswith("not signed by Telnyx")
    assert reasons[8] == "received_at: lies in the future"
    statuses = sorted(row.status for row in primary.rows().values())
    assert statuses == [InboxStatus.INVALID, InboxStatus.PENDING, InboxStatus.PENDING, InboxStatus.STALE]
    assert b"yes" not in b"".join(raw_of(primary.database).values())
    assert primary.rung == 2


def test_event_too_large_for_a_webhook_is_refused(sqlite_primary):
    answer = hand_over(sqlite_primary, handed(1, b" " * (256 * 1024 + 1), received_at=NOW))

    assert verdicts(answer) == {1: "refused"}
    assert sqlite_primary.rows() == {}


def test_freshness_is_judged_by_the_time_of_receipt(sqlite_primary):
    stale = handed(1, telnyx.event(), received_at=LONG_AGO, signed_at=LONG_AGO - timedelta(seconds=301))
    fresh = handed(2, telnyx.event(), received_at=LONG_AGO, signed_at=LONG_AGO - timedelta(seconds=299))

    assert verdicts(hand_over(sqlite_primary, stale, fresh)) == {1: "held", 2: "accepted"}
    assert f"stale:{hashlib.sha256(stale.raw).hexdigest()}" in sqlite_primary.rows()


def test_question_without_events_is_answered_and_changes_nothing(primary):
    assert hand_over(primary).json == {"data": []}
    assert (primary.rows(), primary.rung) == ({}, 0)


@pytest.mark.parametrize("order", [*itertools.permutations(["webhook", "failover", "failover again"])])
def test_event_that_comes_both_ways_is_one_event(sqlite_primary, order):
    event = telnyx.event()
    for way in order:
        if way == "webhook":
            assert sqlite_primary.deliver(event).status_code == 200
        else:
            event["meta"]["attempt"] += 1
            hand_over(sqlite_primary, handed(1, event, received_at=NOW))

    (row,) = sqlite_primary.rows().values()
    assert (row.event_id, row.status, row.deliveries) == (event["data"]["id"], InboxStatus.PENDING, 3)
    assert sqlite_primary.rung == 1


def test_batch_handed_over_twice_is_stored_once(primary):
    events = [handed(row_id, telnyx.event(), received_at=LONG_AGO) for row_id in range(1, 101)]

    first, second = hand_over(primary, *events), hand_over(primary, *events)

    assert set(verdicts(first).values()) == {"accepted"}
    assert set(verdicts(second).values()) == {"duplicate"}
    assert (len(primary.rows()), primary.rung) == (100, 1)


FORGERIES = {
    "another secret": lambda body, at: (body, sealing(body, at, secret=SECRET.upper())),
    "another body": lambda body, at: (body + b" ", sealing(body, at)),
    "another time": lambda body, at: (
        body,
        sealing(body, at) | {"Rescind-Timestamp": str(int(at.timestamp()) + 1)},
    ),
    "another nonce": lambda body, at: (body, sealing(body, at) | {"Rescind-Nonce": "0" * 32}),
    "time long past": lambda body, at: (body, sealing(body, at - timedelta(seconds=301))),
    "time to come": lambda body, at: (body, sealing(body, at + timedelta(seconds=301))),
    "time in other digits": lambda body, at: (
        body,
        sealing(body, at) | {"Rescind-Timestamp": f"+{int(at.timestamp())}"},
    ),
    "nonce in capitals": lambda body, at: (body, sealing(body, at) | {"Rescind-Nonce": "A" * 32}),
    "no seal": lambda body, at: (body, {}),
    "no nonce": lambda body, at: (body, sealing(body, at) | {"Rescind-Nonce": ""}),
    "no signature": lambda body, at: (body, sealing(body, at) | {"Rescind-Signature": ""}),
    "the secret itself": lambda body, at: (body, sealing(body, at) | {"Rescind-Signature": SECRET}),
}


@pytest.mark.parametrize("forge", list(FORGERIES.values()), ids=list(FORGERIES))
def test_what_is_not_sealed_now_with_the_secret_changes_nothing(sqlite_primary, forge):
    body, headers = forge(body_of(handed(1, telnyx.event(), received_at=NOW)), NOW)

    answer = post(sqlite_primary, body, headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
    assert answer.data == post(sqlite_primary, b"", {}).data
    assert (sqlite_primary.rows(), sqlite_primary.rung, nonces_of(sqlite_primary)) == ({}, 0, 0)


@pytest.mark.parametrize("later", [timedelta(), timedelta(seconds=299), timedelta(seconds=599)])
@pytest.mark.parametrize("ahead", [timedelta(), timedelta(seconds=300)])
def test_recorded_request_counts_once(primary, later, ahead):
    body = body_of(handed(1, telnyx.event(), received_at=LONG_AGO))
    headers = sealing(body, primary.now + ahead)
    assert verdicts(post(primary, body, headers)) == {1: "accepted"}
    primary.now += later
    hand_over(primary)

    answer = post(primary, body, headers)

    assert answer.status_code == 401
    (row,) = primary.rows().values()
    assert (row.deliveries, primary.rung) == (1, 1)


def test_nonces_are_forgotten_when_their_time_has_run_out(sqlite_primary):
    for _ in range(5):
        hand_over(sqlite_primary)
    assert nonces_of(sqlite_primary) == 5
    sqlite_primary.now += timedelta(seconds=601)
    hand_over(sqlite_primary)
    assert nonces_of(sqlite_primary) == 1


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        pytest.param(b'{"version":2,"events":[]}', {}, 501, id="of a later version"),
        pytest.param(b"[]", {}, 422, id="no hand-over"),
        pytest.param(body_of(), {"Content-Encoding": "gzip"}, 415, id="compressed"),
        pytest.param(b" " * (4 * 1024 * 1024 + 1), {}, 413, id="too long"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_as_a_whole(sqlite_primary, body, more, status):
    answer = post(sqlite_primary, body, sealing(body, NOW) | more)

    assert answer.status_code == status
    assert answer.json["error"]["message"]
    assert sqlite_primary.rows() == {}


def test_without_a_secret_nothing_is_taken_over(sqlite_url):
    with receiving(sqlite_url) as primary:
        body = body_of(handed(1, telnyx.event(), received_at=NOW))
        assert post(primary, body, sealing(body, NOW)).status_code == 404
        assert primary.rows() == {}


def test_only_a_post_is_taken(sqlite_primary):
    assert sqlite_primary.client.get(HANDOVER_PATH).status_code == 405


def test_while_the_database_is_away_nothing_is_promised(tmp_path, sqlite_template):
    path = tmp_path / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    event = handed(1, telnyx.event(), received_at=LONG_AGO)
    with receiving(f"sqlite:///{path}", RESCIND_HANDOVER_SECRET=SECRET) as primary:
        hand_over(primary)
        path.rename(tmp_path / "away.db")

        answer = hand_over(primary, event)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "data" not in answer.json
        assert primary.rung == 0
        (tmp_path / "away.db").rename(path)
        assert verdicts(hand_over(primary, event)) == {1: "accepted"}
        assert len(primary.rows()) == 1
