from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.campaigns import CarrierState
from ledger import story
from ledger.absorbing import absorb
from ledger.balance import balance
from ledger.campaigning import CampaignChange, change, review
from ledger.registering import register
from store import tables
from tests.reports import (
    ALICE,
    BOB,
    CAROL,
    NOW,
    RULES,
    carriers_say,
    heard,
    message_id,
    registration,
    scheduled,
    status,
    text,
)

#: What is a fact in the order of arrival, and no part of the merged state.
ARRIVAL = {"seq", "recorded_at", "closed_at"}
MERGED = [
    tables.messages,
    tables.message_recipients,
    tables.transitions,
    tables.consents,
    tables.campaigns,
    tables.campaign_aliases,
]


def told(database, *reports, now=NOW):
    with database.begin() as connection:
        absorb(connection, heard(*reports), RULES, now=now)


def registered(database, *registrations, now=NOW):
    with database.begin() as connection:
        return register(connection, registrations, RULES, door="api", now=now)


def stories(database, number=1):
    with database.read() as connection:
        return story.story(connection, message_id(number))


def dump(database):
    """Every merged row, in an order of its own, less what only says when it arrived."""
    with database.read() as connection:
        return {
            table.name: sorted(
                repr({name: value for name, value in row.items() if name not in ARRIVAL})
                for row in connection.execute(sa.select(table)).mappings()
            )
            for table in MERGED
        }


def test_events_of_a_message_make_its_state(database):
    told(database, status(word="sent"), status(word="delivered", minute=1))
    (recipient,) = stories(database)["message"]["recipients"]
    assert recipient["status"] == "delivered"
    assert [entry["status"] for entry in stories(database)["timeline"]] == ["sent", "delivered"]


def test_event_of_a_message_that_was_never_registered_is_kept_as_foreign(database):
    told(database, status())
    shown = stories(database)["message"]
    assert shown["ledger"] is None
    assert shown["registered_at"] is None


def test_late_event_changes_nothing_and_is_marked_late(database):
    told(database, status(word="delivered", minute=1))
    told(database, status(word="sent"), now=NOW + timedelta(hours=9))
    assert stories(database)["message"]["recipients"][0]["status"] == "delivered"
    late = {entry["status"]: entry["late"] for entry in stories(database)["timeline"]}
    assert late == {"sent": True, "delivered": False}


def test_late_receipt_replaces_an_unconfirmed_delivery_in_either_order(database):
    told(database, status(1, "delivery_unconfirmed", minute=1), status(2, "delivered", minute=2))
    told(database, status(1, "delivered", minute=2), status(2, "delivery_unconfirmed", minute=1))
    assert [stories(database, number)["message"]["recipients"][0]["status"] for number in (1, 2)] == ["delivered"] * 2


def test_newer_of_two_certain_ends_stands(database):
    told(database, status(word="delivery_failed", minute=2), status(word="delivered", minute=1))
    assert stories(database)["message"]["recipients"][0]["status"] == "delivery_failed"


def test_group_message_has_a_status_for_each_recipient(database):
    told(database, status(word="delivered", to=(ALICE,)), status(word="delivery_failed", to=(BOB,)))
    statuses = {each["phone_number"]: each["status"] for each in stories(database)["message"]["recipients"]}
    assert statuses == {ALICE: "delivered", BOB: "delivery_failed"}


def test_opt_out_cancels_what_is_scheduled_for_the_recipient_and_nothing_else(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    told(database, text("STOP", event_id="stop-1"))
    decision = stories(database, 1)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("cancel", "opt_out", "stop-1")
    assert stories(database, 1)["cancellation"]["state"] == "requested"
    assert stories(database, 2)["cancellation"] is None
    assert [each["verdict"] for each in stories(database, 2)["decisions"]] == ["allow"]


def test_opt_in_withdraws_a_cancellation_that_has_not_been_asked_for(database):
    registered(database, registration())
    told(database, text("STOP"))
    told(database, text("START", minute=1))
    assert stories(database)["cancellation"]["state"] == "withdrawn"
    assert stories(database)["message"]["ledger"] == "pending"


def test_opt_in_that_was_sent_before_the_opt_out_changes_nothing(database):
    registered(database, registration())
    told(database, text("STOP", minute=1))
    told(database, text("START"))
    assert stories(database)["cancellation"]["state"] == "requested"


def test_ordinary_text_decides_nothing(database):
    registered(database, registration())
    told(database, text("What time does it start?"))
    assert len(stories(database)["decisions"]) == 1
    assert stories(database)["cancellation"] is None


def test_sent_message_is_released(database):
    registered(database, registration())
    told(database, status(word="sent"))
    assert stories(database)["message"]["ledger"] == "released"


def test_message_sent_although_its_cancellation_was_ordered_is_a_breach(database):
    registered(database, registration())
    told(database, text("STOP"))
    told(database, status(word="sent"))
    shown = stories(database)
    assert (shown["message"]["ledger"], shown["cancellation"]["state"]) == ("breach", "too_late")


def test_suspended_registration_cancels_the_campaigns_messages(database):
    registered(database, registration(1, tcr_campaign_id="CSPRING"), registration(2, tcr_campaign_id="COTHER"))
    told(database, carriers_say(CarrierState.SUSPENDED, event_id="suspended-1"))
    with database.begin() as connection:
        assert review(connection, RULES, now=NOW, limit=10) == 1
    assert stories(database, 1)["decisions"][-1]["event_id"] == "suspended-1"
    assert stories(database, 1)["cancellation"]["policy"] == "stale_campaign"
    assert stories(database, 2)["cancellation"] is None


def test_event_under_the_uuid_reaches_messages_under_the_tcr_id(database):
    uuid = "751c6a5c-0000-4000-8000-000000000001"
    registered(database, registration(tcr_campaign_id="CSPRING"))
    told(database, carriers_say(CarrierState.EXPIRED, campaign_id=uuid, telnyx_campaign_id=uuid))
    with database.begin() as connection:
        review(connection, RULES, now=NOW, limit=10)
    assert stories(database)["cancellation"]["state"] == "requested"


def test_review_of_a_large_campaign_goes_on_where_it_stopped(database):
    registered(database, *(registration(number, campaign_key="sale") for number in range(1, 6)))
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(status="ended"), cause="api:1", now=NOW)
    decided = []
    for _ in range(4):
        with database.begin() as connection:
            decided.append(review(connection, RULES, now=NOW, limit=2))
    assert decided == [2, 2, 1, None]
    assert all(stories(database, number)["cancellation"] for number in range(1, 6))


def test_ledger_adds_up_whatever_happened(database):
    registered(database, *(registration(number, to=(ALICE if number % 2 else BOB,)) for number in range(1, 7)))
    told(database, text("STOP"))
    told(database, status(2, "sent", to=(BOB,)), status(3, "delivered"))
    with database.read() as connection:
        sums = balance(connection)
    assert sums.registered == 6 == sums.pending + sums.cancelled + sums.released + sums.breach
    assert (sums.released, sums.breach) == (1, 1)


EVENTS = st.lists(
    st.one_of(
        st.builds(
            status,
            st.integers(1, 2),
            st.sampled_from(
                ["queued", "sending", "sent", "delivered", "delivery_unconfirmed", "expired", "teleported"]
            ),
            to=st.sampled_from([(ALICE,), (BOB,), (ALICE, BOB)]),
            minute=st.integers(0, 3),
        ),
        st.builds(
            text,
            st.sampled_from(["STOP", "START", "hello"]),
            sender=st.sampled_from([ALICE, BOB, CAROL]),
            minute=st.integers(-3, 9),
            profile=st.sampled_from(["profile-1", "profile-2"]),
        ),
        st.builds(
            carriers_say,
            st.sampled_from([*CarrierState, None]),
            campaign_id=st.sampled_from(["CSPRING", "751c6a5c-0000-4000-8000-000000000001"]),
            minute=st.integers(0, 3),
            telnyx_campaign_id=st.sampled_from([None, "751c6a5c-0000-4000-8000-000000000001"]),
        ),
    ),
    min_size=1,
    max_size=7,
)


def empty(database):
    with database.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(sa.delete(table))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_batching_and_repetition_of_events_gives_the_same_rows(database, events, random, size):
    empty(database)
    told(database, *events)
    expected = dump(database)

    empty(database)
    shuffled = events + random.choices(events, k=3)
    random.shuffle(shuffled)
    for start in range(0, len(shuffled), size):
        told(database, *shuffled[start : start + size])
    assert dump(database) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.integers(0, 7))
def test_registration_among_the_events_gives_the_same_message_whenever_it_comes(database, events, position):
    """Only the ledger may differ: who registers after the message was sent cannot have it cancelled."""
    empty(database)
    registered(database, registration())
    told(database, *events)
    expected = dump(database)["message_recipients"]

    empty(database)
    if events[:position]:
        told(database, *events[:position])
    registered(database, registration())
    if events[position:]:
        told(database, *events[position:])
    assert dump(database)["message_recipients"] == expected


def test_registration_after_the_opt_out_is_cancelled_in_the_same_way(database):
    told(database, text("STOP", event_id="stop-1"))
    (answer,) = registered(database, registration(), now=NOW + timedelta(days=2))
    assert (answer.decision.verdict, answer.decision.event_id) == ("cancel", "stop-1")
    assert stories(database)["cancellation"]["state"] == "requested"


def test_message_that_was_registered_after_it_had_left_is_released(database):
    told(database, status(word="sent"))
    registered(database, registration())
    assert stories(database)["message"]["ledger"] == "released"
    assert stories(database)["message"]["recipients"][0]["status"] == "sent"


def test_message_that_was_registered_as_cancelled_is_closed_without_asking_telnyx(database):
    report = scheduled()
    cancelled = registration(addressees=tuple(type(each)(each.phone_number, "cancelled") for each in report.addressees))
    registered(database, cancelled)
    assert stories(database)["message"]["ledger"] == "cancelled"
    assert stories(database)["cancellation"] is None
