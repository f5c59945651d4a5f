"""What is counted of a campaign: what ended, by the minute it ended, and who left."""

from datetime import timedelta

import pytest

from core.campaigns import CarrierState
from core.facts import Tally
from core.policies import anomaly
from core.policies.catalogue import rules
from ledger import anomalies
from ledger.campaigning import CampaignChange, change
from ledger.gathering import facts
from store import messages
from tests.books import registered, told
from tests.ledger.test_ending import ended
from tests.reports import ALICE, BOB, NOW, carriers_say, message_id, registration, text

MINUTE = timedelta(minutes=1)
ON = rules(anomaly=anomaly.Settings(mode="enforce", least=2))
SPAM = {"code": "40002", "title": "Blocked as spam - temporary"}


def tallied(database, *numbers, now=NOW, rules=ON):
    """Return what the campaign of each of these messages is known for."""
    with database.read() as connection:
        rows = messages.find_all(connection, [message_id(number) for number in numbers])
        found = facts.gather(connection, rows.values(), rules.needs, now=now)
    return [found[message_id(number)].tallies for number in numbers]


def ending(number, word="delivered", *errors, minute=0, **more):
    return ended(word, *errors, number=number, minute=minute, event_id=f"end-{number}", **more)


def test_what_ended_is_counted_by_spans_for_the_campaign_alone(database):
    registered(
        database,
        *(registration(number, campaign_key="sale") for number in (1, 2, 3, 4, 9)),
        *(registration(number, campaign_key="other") for number in (5, 8)),
        registration(7),
    )
    told(
        database,
        ending(1, minute=-12),
        ending(2, "delivery_failed", minute=-12),
        ending(3, "sending_failed", SPAM, minute=-9),
        ending(4, "delivery_unconfirmed", minute=-6),
        ending(5, "delivery_failed", minute=-6),
    )

    assert tallied(database, 9, 8, 7) == [
        (Tally(NOW - 15 * MINUTE, 2, 1, 0, 0), Tally(NOW - 10 * MINUTE, 2, 1, 1, 0)),
        (Tally(NOW - 10 * MINUTE, 1, 1, 0, 0),),
        (),
    ]


@pytest.mark.parametrize(("minute", "is_counted"), [(-95, True), (-96, False), (0, True)])
def test_what_ended_before_the_first_window_is_left_out(database, minute, is_counted):
    registered(database, registration(1, campaign_key="sale"), registration(9, campaign_key="sale"))
    told(database, ending(1, minute=minute))

    (tallies,) = tallied(database, 9)
    assert bool(tallies) is is_counted


def test_who_left_is_counted_once_at_the_first_word(database):
    registered(
        database,
        registration(1, campaign_key="sale", send_at=NOW - 40 * MINUTE),
        registration(2, campaign_key="sale", to=(BOB,), send_at=NOW - 40 * MINUTE),
        registration(9, campaign_key="sale"),
    )
    told(
        database,
        ending(1, minute=-39),
        ending(2, to=(BOB,), minute=-39),
        text("STOP", sender=ALICE, minute=-20),
        text("STOP", sender=ALICE, minute=-4),
        text("STOP", sender=BOB, minute=-4),
        text("thank you", sender=BOB, minute=-3),
    )

    assert tallied(database, 9) == [
        (
            Tally(NOW - 40 * MINUTE, 2, 0, 0, 0),
            Tally(NOW - 20 * MINUTE, 0, 0, 0, 1),
            Tally(NOW - 5 * MINUTE, 0, 0, 0, 1),
        )
    ]


def test_what_ended_is_counted_under_all_names_of_the_campaign(database):
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(tcr_campaign_id="CSPRING"), cause="test", now=NOW)
    told(database, carriers_say(CarrierState.ACTIVE, telnyx_campaign_id="uuid"))
    registered(database, registration(1, campaign_key="sale"), registration(9, campaign_key="sale"))
    told(database, ending(1, minute=-5), ending(2, "delivery_failed", minute=-5, tcr_campaign_id="CSPRING"))

    assert tallied(database, 9) == [(Tally(NOW - 5 * MINUTE, 2, 1, 0, 0),)]
    with database.read() as connection:
        assert set(anomalies.standing(connection, ON, besides=(), now=NOW)) == {"sale"}


def test_who_left_a_campaign_that_was_sent_past_the_doors_is_counted_beside_what_ended(database):
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(tcr_campaign_id="CSPRING"), cause="test", now=NOW)
    registered(database, registration(9, campaign_key="sale"))
    told(database, ending(1, minute=-5, tcr_campaign_id="CSPRING"))
    told(database, text("STOP", minute=-4))

    assert tallied(database, 9) == [(Tally(NOW - 5 * MINUTE, 1, 0, 0, 1),)]


def test_nothing_is_counted_for_a_policy_that_is_off(database):
    registered(database, registration(1, campaign_key="sale"), registration(9, campaign_key="sale"))
    told(database, ending(1, minute=-5))

    assert tallied(database, 9, rules=rules()) == [()]
    with database.read() as connection:
        assert anomalies.standing(connection, rules(), besides={"sale"}, now=NOW) == {}
