"""Policies at the door: what they object to never reaches Telnyx, and the request is kept with the reason."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from core.campaigns import CampaignStatus
from core.holds import Hold, HoldKind
from core.scopes import Scope
from ledger import campaigning
from ledger.campaigning import CampaignChange
from store import holds, rulebooks
from store.tables import decisions
from tests.door_world import door, error_of, in_an_hour
from tests.reports import ALICE, BOB, OURS


def end_campaign(world, key):
    now = datetime.now(UTC)
    with world.database.begin() as connection:
        change = CampaignChange(status=CampaignStatus.ENDED)
        campaigning.change(connection, key, change, cause="test", now=now)


def hold(world, kind=HoldKind.HOLD, scope=Scope.ALL, value=""):
    now = datetime.now(UTC)
    placed = Hold(
        id=str(uuid.uuid4()),
        kind=kind,
        scope=scope,
        value=value,
        reason="a wrong price",
        placed_at=now,
        placed_by="test",
        expires_at=None,
    )
    with world.database.begin() as connection:
        holds.add(connection, placed)


def assert_refused(world, answer, *, policy, title):
    error = error_of(answer, 409)
    assert (error["code"], error["title"]) == ("40300", title)
    assert error["detail"].startswith(f"Not sent: policy {policy}: ")
    assert error["meta"]["url"].endswith("/40300")
    assert answer.headers["x-should-retry"] == "false"
    assert world.telnyx.requests() == []
    assert world.rows() == {}
    row = world.intents()[-1]
    assert answer.headers["Rescind-Request"] == row.id
    assert (row.state, row.policy, row.message_id) == ("refused", policy, None)
    assert row.reason
    assert policy in {verdict["policy"] for verdict in row.verdicts}
    assert row.settled_at == row.created_at


@pytest.mark.parametrize("more", [{}, {"send_at": None}, {"to": [BOB, ALICE]}, {"path": "/v2/messages/group_mms"}])
def test_message_to_somebody_who_opted_out_is_refused_as_telnyx_would(world, more):
    world.opt_out(ALICE)
    assert_refused(world, world.schedule(**more), policy="opt_out", title="Blocked due to STOP message")


def test_message_that_goes_out_at_once_is_judged_as_well(world):
    world.opt_out(ALICE)
    assert_refused(world, world.send(), policy="opt_out", title="Blocked due to STOP message")
    assert world.send(to=BOB).status_code == 200


def test_message_of_an_ended_campaign_is_refused(small_world):
    end_campaign(small_world, "spring")
    answer = small_world.schedule(headers={"Rescind-Campaign": "spring"})
    assert_refused(small_world, answer, policy="stale_campaign", title="Blocked by a policy of the sender")
    assert small_world.schedule(headers={"Rescind-Campaign": "autumn"}).status_code == 200


def test_scheduled_message_that_is_held_is_let_through_and_stays_held(small_world):
    hold(small_world)
    answer = small_world.schedule()
    assert (answer.status_code, answer.headers["Rescind-Registered"]) == (200, "yes")
    story = small_world.story(answer.get_json()["data"]["id"])
    assert story["message"]["ledger"] == "pending"
    assert [each["verdict"] for each in story["decisions"]] == ["hold"]


def test_held_message_that_would_go_out_at_once_is_refused(small_world):
    hold(small_world, scope=Scope.SENDER, value=OURS)
    answer = small_world.send()
    assert_refused(small_world, answer, policy="hold", title="Blocked by a policy of the sender")
    assert "last look" not in answer.get_json()["errors"][0]["detail"]


def test_held_message_that_is_due_before_it_would_be_looked_at_again_is_refused(small_world):
    hold(small_world)
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    answer = small_world.schedule(send_at=soon)
    assert_refused(small_world, answer, policy="hold", title="Blocked by a policy of the sender")


def test_panic_lets_nothing_in(small_world):
    hold(small_world, HoldKind.PANIC)
    answer = small_world.schedule()
    assert_refused(small_world, answer, policy="hold", title="Blocked by a policy of the sender")


def test_opt_out_between_the_call_and_its_answer_cancels_the_message(world):
    line, ask = world.line, world.line.ask

    def ask_while_somebody_opts_out(call):
        reply = ask(call)
        world.opt_out(ALICE)
        return reply

    line.ask = ask_while_somebody_opts_out
    message_id = world.schedule().get_json()["data"]["id"]
    story = world.story(message_id)
    assert story["decisions"][-1]["verdict"] == "cancel"
    assert story["cancellation"]["state"] == "requested"
    assert world.rung == 1


@pytest.mark.parametrize("written", ["2999-13-45", "tomorrow", 17, ["x"]])
def test_time_that_cannot_be_read_counts_as_now_and_is_left_to_telnyx(small_world, written):
    hold(small_world)
    answer = small_world.schedule(send_at=written)
    assert_refused(small_world, answer, policy="hold", title="Blocked by a policy of the sender")


def test_time_without_a_zone_is_taken_for_utc_and_telnyx_has_the_last_word(small_world):
    hour = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0, tzinfo=None)
    answer = small_world.schedule(send_at=hour.isoformat())
    assert small_world.rows()[answer.get_json()["data"]["id"]].send_at == hour.replace(tzinfo=UTC)
    assert [row.send_at for row in small_world.intents()] == [hour.replace(tzinfo=UTC)]


def test_time_that_telnyx_may_pass_over_spares_nothing_from_being_held(small_world):
    hold(small_world)
    answer = small_world.schedule(path="/v2/messages/group_mms", to=[ALICE, BOB])
    assert_refused(small_world, answer, policy="hold", title="Blocked by a policy of the sender")


def test_message_that_telnyx_does_not_schedule_is_not_registered_as_scheduled(small_world):
    told = small_world.telnyx.send(to=ALICE, sender=OURS)
    small_world.telnyx.fault("answer", method="POST", status=200, body={"data": told})
    answer = small_world.schedule()
    assert "Rescind-Registered" not in answer.headers
    assert small_world.rows()[told["id"]].ledger is None


def test_message_that_is_scheduled_for_no_time_we_know_is_not_registered_and_its_sender_told(small_world):
    told = small_world.telnyx.schedule(to=ALICE, sender=OURS, send_at=in_an_hour())
    del told["send_at"]
    small_world.telnyx.fault("answer", method="POST", status=200, body={"data": told})
    answer = small_world.send()
    assert answer.headers["Rescind-Registered"] == "no"
    assert [row.state for row in small_world.intents()] == ["answered"]
    assert small_world.rows()[told["id"]].ledger is None


def test_bug_of_ours_hides_no_answer_of_telnyx(small_world, monkeypatch):
    monkeypatch.setattr(small_world.book, "write", Failing(small_world.book.write))
    with capture_logs() as lines:
        answer = small_world.schedule()
    assert answer.status_code == 200
    assert answer.headers["Rescind-Registered"] == "no"
    assert answer.get_json()["data"]["id"] == small_world.telnyx.messages()[0]["id"]
    assert [row.state for row in small_world.intents()] == ["open"]
    assert len(small_world.sends()) == 1
    assert lines == []


class Failing:
    """Writes once, and has a bug after that."""

    def __init__(self, write):
        self._write = write
        self._calls = 0

    def __call__(self, work, **more):
        self._calls += 1
        if self._calls > 1:
            raise ZeroDivisionError
        return self._write(work, **more)


def test_rules_that_were_decided_by_are_on_record(database, tmp_path):
    file = tmp_path / "policies.toml"
    file.write_text('[opt_out]\nscope = "profile"\n')
    with door(database, RESCIND_POLICIES=str(file)) as world:
        world.schedule()
        file.write_text('[opt_out]\nmode = "shadow"\n')
        # A file is followed when it is at rest.
        time.sleep(1.1)
        world.schedule()
        world.book.flush()
    with database.read() as connection:
        followed = connection.scalars(sa.select(decisions.c.rules).distinct()).all()
        settings = [each.settings["opt_out"] for each in rulebooks.of(connection, followed).values()]
    assert len(followed) == 2
    assert {(each["scope"], each["mode"]) for each in settings} == {("profile", "enforce"), ("all", "shadow")}
