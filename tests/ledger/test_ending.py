"""How messages ended is recorded as the merged reports tell, whichever came first."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
import sqlalchemy as sa

from core.facts import Ending
from core.reports import Addressee
from store import tables
from store.outcomes import OutcomeRow
from tests.books import registered, told
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, message_id, registration, status, text

NOT_ROUTABLE = {"code": "40001", "title": "Not routable"}
MINUTE = timedelta(minutes=1)


def ended(word="delivery_failed", *errors, to=(ALICE,), number=1, minute=0, event_id="the-end", **more):
    """A report that a message ended; without errors it says nothing about them."""
    campaign = more.pop("tcr_campaign_id", None)
    report = status(number, word, to=to, minute=minute, event_id=event_id, **more)
    addressees = tuple(Addressee(each, word, errors=errors or None) for each in to)
    return replace(report, addressees=addressees, tcr_campaign_id=campaign)


def outcomes(database):
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.outcomes).order_by(tables.outcomes.c.phone_number))
        return [OutcomeRow(**row._asdict()) for row in rows]


def test_failed_message_is_recorded_with_all_that_is_told(database):
    told(
        database,
        ended(
            "delivery_failed",
            NOT_ROUTABLE,
            tcr_campaign_id="CSPRING",
            parts=2,
            cost={"amount": "0.005105", "currency": "USD"},
            completed_at=(NOW - MINUTE).isoformat(),
        ),
    )
    assert outcomes(database) == [
        OutcomeRow(
            message_id=message_id(),
            phone_number=ALICE,
            from_number=OURS,
            messaging_profile_id=PROFILE,
            campaign_key="CSPRING",
            ending=Ending.FAILED,
            code="40001",
            title="Not routable",
            at=NOW - MINUTE,
            event_id="the-end",
            parts=2,
            amount=Decimal("0.005105"),
            currency="USD",
            recorded_at=NOW,
        )
    ]


@pytest.mark.parametrize(
    ("word", "ending", "code"),
    [
        ("delivered", "delivered", None),
        ("read", "delivered", None),
        ("delivery_failed", "failed", "40001"),
        ("sending_failed", "failed", "40001"),
        ("expired", "failed", "40001"),
        ("delivery_unconfirmed", "unconfirmed", "40001"),
        ("unknown", "unconfirmed", "40001"),
        ("teleported", "unconfirmed", "40001"),
    ],
)
def test_last_status_says_how_it_ended(database, word, ending, code):
    told(database, ended(word, NOT_ROUTABLE))
    assert [(row.ending, row.code) for row in outcomes(database)] == [(ending, code)]


@pytest.mark.parametrize("word", ["queued", "sending", "sent", "cancelled", "scheduled"])
def test_message_that_has_not_ended_by_being_sent_is_not_recorded(database, word):
    told(database, replace(ended(word), final=False, source="message.sent"))
    assert outcomes(database) == []


def test_text_to_us_is_not_recorded(database):
    told(database, text("hello"))
    assert outcomes(database) == []


def test_any_order_of_reports_records_the_same_end(database):
    reports = [
        ended("sent", event_id="e0"),
        ended("delivery_unconfirmed", minute=1, event_id="e1", parts=1),
        ended("delivery_failed", NOT_ROUTABLE, minute=2, event_id="e2"),
        ended("delivered", minute=3, event_id="e3", cost={"amount": "0.01", "currency": "USD"}),
    ]
    for number, order in enumerate(permutations(reports), start=1):
        for report in order:
            told(database, replace(report, message_id=message_id(number)))
    found = {(row.ending, row.code, row.at, row.event_id, row.parts, row.amount) for row in outcomes(database)}
    assert found == {(Ending.DELIVERED, None, NOW + 3 * MINUTE, "e3", 1, Decimal("0.01"))}


def test_failure_that_was_explained_later_is_recorded_with_its_reason(database):
    told(database, ended(event_id="e1"))
    assert outcomes(database)[0].code is None
    told(database, ended("delivery_failed", NOT_ROUTABLE, minute=1, event_id="e2"))
    assert [(row.code, row.event_id) for row in outcomes(database)] == [("40001", "e2")]


def test_recipient_of_a_group_is_not_blamed_for_what_another_failed_for(database):
    both = replace(
        ended(to=(ALICE, BOB), completed_at=(NOW - MINUTE).isoformat()),
        addressees=(
            Addressee(ALICE, "delivery_failed", errors=(NOT_ROUTABLE,)),
            Addressee(BOB, "delivery_failed", errors=()),
        ),
    )
    told(database, replace(both, details={**both.details, "errors": [NOT_ROUTABLE]}))
    assert [(row.phone_number, row.code, row.at) for row in outcomes(database)] == [
        (ALICE, "40001", NOW),
        (BOB, None, NOW),
    ]


@pytest.mark.parametrize(
    ("errors", "code", "title"),
    [
        (({"code": "99", "title": "?"}, NOT_ROUTABLE), "40001", "Not routable"),
        (({"code": "99", "title": "?"},), "99", "?"),
        (({"code": "99", "title": 7},), "99", None),
        (({"title": "no code"},), None, None),
        (({"code": None}, {"code": ["40001"]}, {"code": "4" * 17}), None, None),
        (({"code": "4" * 16},), "4" * 16, None),
    ],
)
def test_error_that_says_most_speaks(database, errors, code, title):
    told(database, ended("delivery_failed", *errors))
    assert [(row.code, row.title) for row in outcomes(database)] == [(code, title)]


@pytest.mark.parametrize(
    ("cost", "amount", "currency"),
    [
        (None, None, None),
        ({"amount": "0.0051", "currency": None}, Decimal("0.0051"), None),
        ({"amount": "0", "currency": "USD"}, Decimal(0), "USD"),
        ({"amount": "-0.0000009", "currency": "USD"}, Decimal("-0.000001"), "USD"),
        ({"amount": "a little", "currency": "USD"}, None, None),
        ({"amount": "NaN", "currency": "USD"}, None, None),
        ({"amount": "1e12", "currency": "USD"}, None, None),
        ({"amount": "1", "currency": "US dollars"}, None, None),
    ],
)
def test_cost_is_kept_to_a_millionth_when_it_can_be_added_up(database, cost, amount, currency):
    told(database, ended("delivered", cost=cost))
    assert [(row.amount, row.currency) for row in outcomes(database)] == [(amount, currency)]


def test_time_told_in_advance_counts_as_told(database):
    told(database, ended(completed_at=(NOW + MINUTE).isoformat()))
    assert outcomes(database)[0].at == NOW


@pytest.mark.parametrize("first", ["registered", "ended"])
def test_end_is_recorded_for_the_campaign_that_the_message_was_registered_with(database, first):
    steps = [
        lambda: registered(database, registration(campaign_key="spring", tcr_campaign_id="CSPRING")),
        lambda: told(database, ended(tcr_campaign_id="CSPRING")),
    ]
    for step in steps if first == "registered" else reversed(steps):
        step()
    assert [row.campaign_key for row in outcomes(database)] == ["spring"]
