"""Which reason a message should have been cancelled for, when another comes up past its deadline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.campaigns import CampaignStatus
from core.deadlines import deadline, last_look
from core.deciding import Mode
from core.holds import HoldKind
from core.policies import quiet_hours
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import campaigning, consenting, holding
from ledger.campaigning import CampaignChange
from ledger.holding import Gate
from ledger.registering import register
from store import cancellations
from tests.reports import ALICE, NOW, RULES, message_id, registration

SEND_AT = NOW + timedelta(hours=3)
SECOND = timedelta(seconds=1)
GONE = SEND_AT + timedelta(minutes=2)
#: Nobody's zone is known here, so everything is held.
NIGHT, SHADOWED = (rules(quiet_hours=quiet_hours.Settings(mode=mode)) for mode in (Mode.ENFORCE, Mode.SHADOW))


def place(database, at, kind=HoldKind.HOLD, scope=Scope.ALL):
    with database.begin() as connection:
        holding.place(connection, Gate(kind, scope, "", "wrong price", None, by="test"), now=at)


def scheduled(database, by=RULES, **more):
    with database.begin() as connection:
        register(connection, [registration(**more)], by, door="api", now=NOW)


def stop(database, at, by=RULES):
    with database.begin() as connection:
        consenting.opt_out(
            connection, ALICE, by, cause="opt-out:1", messaging_profile_id=None, reason="by phone", now=at
        )


def ordered(database):
    with database.read() as connection:
        row = cancellations.of(connection, message_id())
    return row.policy, row.known_at


def test_stop_after_all_else_is_the_reason_when_there_is_no_other(database):
    scheduled(database)

    stop(database, GONE)

    assert ordered(database) == ("opt_out", GONE)


@pytest.mark.parametrize(
    ("placed_at", "known_at"),
    [
        pytest.param(NOW + SECOND, last_look(SEND_AT), id="what is held is cancelled from the last look on"),
        pytest.param(last_look(SEND_AT) + SECOND, last_look(SEND_AT) + SECOND, id="held after the last look"),
    ],
)
def test_hold_that_nobody_acted_on_is_the_reason_before_a_late_stop(database, placed_at, known_at):
    scheduled(database)
    place(database, placed_at)

    stop(database, GONE)

    assert ordered(database) == ("hold", known_at)


def test_panic_counts_from_when_it_was_declared(database):
    scheduled(database)
    place(database, NOW + SECOND, HoldKind.PANIC)

    stop(database, GONE)

    assert ordered(database) == ("hold", NOW + SECOND)


def test_campaign_whose_review_is_unfinished_counts_from_when_it_was_ended(database):
    scheduled(database, campaign_key="spring")
    ended_at = NOW + timedelta(hours=1)
    with database.begin() as connection:
        campaigning.change(connection, "spring", CampaignChange(CampaignStatus.ENDED), cause="campaign:1", now=ended_at)

    stop(database, GONE)

    assert ordered(database) == ("stale_campaign", ended_at)


def test_review_for_something_else_gives_no_reason(database):
    scheduled(database, campaign_key="spring")
    with database.begin() as connection:
        campaigning.change(
            connection, "autumn", CampaignChange(CampaignStatus.ENDED), cause="campaign:1", now=NOW + SECOND
        )

    stop(database, GONE)

    assert ordered(database) == ("opt_out", GONE)


def test_verdict_on_record_counts_although_its_last_look_was_missed(database):
    scheduled(database, NIGHT)

    stop(database, GONE, by=NIGHT)

    assert ordered(database) == ("quiet_hours", last_look(SEND_AT))


def test_shadowed_policy_gives_no_reason(database):
    scheduled(database, SHADOWED)

    stop(database, GONE, by=SHADOWED)

    assert ordered(database) == ("opt_out", GONE)


def test_reason_in_time_is_not_looked_behind(database):
    scheduled(database)
    place(database, NOW + SECOND)
    at = deadline(SEND_AT) - SECOND

    stop(database, at)

    assert ordered(database) == ("opt_out", at)
