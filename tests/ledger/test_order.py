"""State is a join: any order and any repetition of events gives the same rows."""

from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.campaigns import CarrierState
from core.reports import MessageReport
from store import tables
from tests.books import dump, registered, reviewed, stories, told
from tests.reports import ALICE, BOB, CAROL, carriers_say, registration, status, text

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
            waited=st.sampled_from([None, timedelta(seconds=1), timedelta(hours=2)]),
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


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
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


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(EVENTS.map(lambda events: [each for each in events if not isinstance(each, MessageReport)]), st.randoms())
def test_any_order_of_what_bears_on_a_message_leads_to_the_same_decision(database, events, random):
    """Messages that have not left: whatever order the words came in, the last decision is the same."""
    verdicts = []
    for order in (events, random.sample(events, len(events))):
        empty(database)
        registered(database, registration(1, tcr_campaign_id="CSPRING"), registration(2, to=(BOB, CAROL)))
        for event in order:
            told(database, event)
        while reviewed(database) is not None:
            pass
        last = [stories(database, number)["decisions"][-1] for number in (1, 2)]
        verdicts.append([(each["verdict"], each["policy"], each["facts"]) for each in last])
    assert verdicts[0] == verdicts[1]
