"""Whose calls the door passes on: nobody learns from it who opted out, or leaves a row, with a key that is no good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas import api_keys
from schemas.secret import Secret
from tests.door_world import KEY, door, error_of
from tests.reports import ALICE
from webhook_app.door_keys import Keys
from webhook_app.door_telnyx import Reply

GOOD, BAD = "KEY-of-the-account", "KEY-of-nobody"


@pytest.fixture
def picky(sqlite_database):
    """A door to a Telnyx that lets one key in, which is not the operator's."""
    with door(sqlite_database, expects=GOOD) as world:
        yield world


def asked(world):
    return [(each["method"], each["path"]) for each in world.telnyx.requests()]


WHO = ("GET", "/v2/messaging_profiles")


def test_own_key_passes_unasked(small_world):
    assert small_world.send().status_code == 200
    assert asked(small_world) == [("POST", "/v2/messages")]


def test_strange_key_is_asked_about_once(picky):
    assert [picky.send(key=GOOD).status_code for _ in range(3)] == [200] * 3
    assert asked(picky) == [WHO, *[("POST", "/v2/messages")] * 3]


def test_key_that_telnyx_refuses_learns_nothing_and_leaves_nothing(picky):
    picky.opt_out(ALICE)
    for _ in range(3):
        answer = picky.send(key=BAD)
        assert error_of(answer, 401)["code"] == "10009"
    assert asked(picky) == [WHO]
    assert picky.intents() == []


def test_key_that_was_let_in_elsewhere_is_known(picky):
    sent = picky.telnyx.send(to=ALICE)
    assert picky.call("GET", f"/v2/messages/{sent['id']}", key=GOOD).status_code == 200
    assert picky.send(key=GOOD).status_code == 200
    assert WHO not in asked(picky)


def test_looking_with_a_key_that_telnyx_refuses_makes_it_no_better(picky):
    sent = picky.telnyx.send(to=ALICE)
    assert picky.call("GET", f"/v2/messages/{sent['id']}", key=BAD).status_code == 401
    assert picky.rows() == {}
    assert picky.send(key=BAD).status_code == 401
    assert asked(picky)[-1] == WHO


def test_key_that_cannot_be_asked_about_does_not_pass(picky):
    picky.telnyx.fault("error", status=503, path="messaging_profiles")
    answer = picky.send(key=GOOD)
    assert error_of(answer, 503)["code"] == "10037"
    assert answer.headers["Retry-After"] == "1"
    assert picky.sends() == []
    picky.telnyx.clear_faults()
    assert picky.send(key=GOOD).status_code == 200


def test_listed_keys_and_our_own_pass_unasked_and_no_others(sqlite_database):
    with door(sqlite_database, RESCIND_PASSTHROUGH_KEYS=api_keys.digest(GOOD)) as world:
        assert [world.send(key=key).status_code for key in (GOOD, KEY)] == [200, 200]
        for method, path in (("POST", "/v2/messages"), ("GET", "/v2/messages/x"), ("DELETE", "/v2/messages/x")):
            error = error_of(world.call(method, path, key=BAD, json={"to": ALICE}), 403)
            assert "RESCIND_PASSTHROUGH_KEYS" in error["detail"]
        assert asked(world) == [("POST", "/v2/messages")] * 2
        assert len(world.intents()) == 2


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_what_telnyx_said_is_remembered_for_a_while():
    clock = Clock()
    keys = Keys(own=None, listed=(), seconds=clock)
    good, bad = Secret(GOOD), Secret(BAD)
    refusal = Reply(401, (), b"")
    keys.trust(good)
    keys.distrust(bad, refusal)
    assert (keys.is_known(good), keys.is_known(bad)) == (True, False)
    assert (keys.refusal(good), keys.refusal(bad)) == (None, refusal)
    clock.now += timedelta(minutes=1).total_seconds()
    assert keys.refusal(bad) is None
    assert keys.is_known(good)
    clock.now += timedelta(hours=1).total_seconds()
    assert not keys.is_known(good)
    keys.trust(good)
    keys.distrust(good, refusal)
    assert not keys.is_known(good)


def test_no_more_keys_are_remembered_than_there_is_room_for():
    keys = Keys(own=None, listed=())
    for number in range(1200):
        keys.trust(Secret(f"KEY{number}"))
    known = [keys.is_known(Secret(f"KEY{number}")) for number in range(1200)]
    assert known == [False] * 200 + [True] * 1000


def test_keys_themselves_are_not_kept():
    keys = Keys(own=Secret(KEY), listed=())
    keys.trust(Secret(GOOD))
    assert GOOD not in repr(vars(keys))
    assert KEY not in repr(vars(keys))


def test_long_refusal_is_not_kept_and_asked_for_anew():
    keys = Keys(own=None, listed=())
    bad = Secret(BAD)
    keys.trust(bad)
    for refusal in (Reply(401, (), b"x" * 9000), Reply(401, (("X-Long", "x" * 9000),), b"")):
        keys.distrust(bad, refusal)
        assert keys.refusal(bad) is None
        assert not keys.is_known(bad)
    short = Reply(401, (), b"x" * 4096)
    keys.distrust(bad, short)
    assert keys.refusal(bad) == short
