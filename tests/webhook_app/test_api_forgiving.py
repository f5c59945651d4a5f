"""Forgiving failures over HTTP."""

from __future__ import annotations

import pytest

from core.deciding import Mode
from core.policies import hard_failure
from core.policies.catalogue import rules
from ledger.absorbing import absorb
from store import cancellations, signals
from tests.api_calls import Api, refused, telnyx_message, told
from tests.ledger.test_ending import NOT_ROUTABLE, ended
from tests.reports import ALICE, NOW, heard, message_id

ENFORCED = rules(hard_failure=hard_failure.Settings(mode=Mode.ENFORCE))
PATH = f"/v1/recipients/{ALICE}/forgive"


def forgiven(database):
    with database.read() as connection:
        return [row.signal for row in signals.listing(connection, limit=9)]


@pytest.fixture
def struck(sqlite_database):
    """An application by whose rules Alice's number is dead."""
    api = Api(sqlite_database, rules=ENFORCED)
    with sqlite_database.begin() as connection:
        absorb(connection, heard(ended("delivery_failed", NOT_ROUTABLE, number=9)), ENFORCED, now=NOW)
    return api


def test_forgiven_number_has_what_waits_for_it_let_go(struck):
    struck.post("/v1/messages", telnyx_message(1))
    struck.rung = 0
    shown = told(struck.post(PATH, {"reason": "  ported  "}), 201)

    assert {name: shown[name] for name in shown.keys() - {"id"}} == {
        "phone_number": ALICE,
        "reason": "ported",
        "forgiven_at": "2026-05-01T12:00:00Z",
        "failures": 1,
        "pending": 1,
    }
    assert struck.rung == 1
    with struck.database.read() as connection:
        assert cancellations.of(connection, message_id(1)).state == "withdrawn"
    assert told(struck.post("/v1/messages", telnyx_message(2)), 201)["decision"]["verdict"] == "allow"


def test_number_that_never_failed_may_be_forgiven_all_the_same(api):
    shown = told(api.post("/v1/recipients/%2B1%20(555)%20765-0101/forgive", {"reason": "ported"}), 201)
    assert (shown["phone_number"], shown["failures"], shown["pending"]) == (ALICE, 0, 0)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (PATH, {}, "reason: is missing"),
        (PATH, {"reason": " "}, "reason: is blank"),
        (PATH, {"reason": "x" * 256}, "reason: must have 1 to 255 characters"),
        (PATH, {"reason": "x", "number": ALICE}, "number: is not known here"),
        ("/v1/recipients/STOP/forgive", {"reason": "x"}, "phone_number: is not a phone number"),
    ],
)
def test_pardon_that_makes_no_sense_is_422_and_forgives_nothing(untouched_api, path, body, message):
    assert refused(untouched_api.post(path, body), 422)["message"].startswith(message)
    assert forgiven(untouched_api.database) == []
    assert untouched_api.rung == 0
