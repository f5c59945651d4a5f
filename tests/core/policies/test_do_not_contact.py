"""Who is on a do-not-contact list, as a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.consent import Consent, ConsentKind
from core.deciding import Act
from core.facts import MessageClass
from core.policies import do_not_contact
from tests.policy_cases import ALICE, BOB, NOW, judged

LISTED, DELISTED = ConsentKind.LISTED, ConsentKind.DELISTED
SECOND = timedelta(seconds=1)


def word(kind=LISTED, at=NOW, *, on="complaints", number=ALICE, event_id=None):
    return Consent(number, kind, at, None, event_id or f"{kind}:{on}:{at.isoformat()}:{number}", "list", on)


@pytest.mark.parametrize(
    ("words", "act"),
    [
        pytest.param((), Act.ALLOW, id="nothing is known"),
        pytest.param((word(),), Act.CANCEL, id="listed"),
        pytest.param((word(number=BOB),), Act.ALLOW, id="somebody else is listed"),
        pytest.param((word(), word(DELISTED, NOW + SECOND)), Act.ALLOW, id="taken off a second later"),
        pytest.param((word(), word(DELISTED)), Act.CANCEL, id="taken off in the same instant"),
        pytest.param((word(), word(DELISTED, NOW - SECOND)), Act.CANCEL, id="taken off a second before"),
        pytest.param((word(DELISTED, NOW + SECOND), word()), Act.ALLOW, id="the same, told in another order"),
        pytest.param((word(), word(DELISTED, NOW + SECOND, on="lawsuits")), Act.CANCEL, id="taken off another list"),
        pytest.param((word(DELISTED),), Act.ALLOW, id="taken off without having been on it"),
        pytest.param(
            (word(), word(ConsentKind.OPT_IN, NOW + SECOND, on="START")), Act.CANCEL, id="START lifts no list"
        ),
        pytest.param((word(ConsentKind.OPT_OUT),), Act.ALLOW, id="an opt-out is no list"),
    ],
)
def test_listed_number_is_not_to_be_texted(words, act):
    assert judged(do_not_contact, {}, {"consents": words}).act is act


def test_any_recipient_counts_and_the_verdict_tells_which_list_and_since_when():
    listed = word(number=BOB)

    verdict = judged(do_not_contact, {}, {"recipients": (ALICE, BOB), "consents": (listed,)})

    assert verdict.reason == f"{BOB} is on the list complaints as of 2026-05-01 12:00:00 UTC"
    assert verdict.facts == {"phone_number": BOB, "list": "complaints", "as_of": NOW.isoformat()}
    assert (verdict.event_id, verdict.until, verdict.since) == (listed.event_id, None, None)


def test_of_several_lists_the_oldest_is_told():
    verdict = judged(do_not_contact, {}, {"consents": (word(on="lawsuits"), word(at=NOW - SECOND))})

    assert verdict.facts["list"] == "complaints"


def test_nobody_listed_is_told_with_who_was_looked_at():
    verdict = judged(do_not_contact, {}, {"consents": (word(DELISTED),)})

    assert (verdict.reason, verdict.facts) == ("no recipient is on a list", {"recipients": [ALICE]})


@pytest.mark.parametrize("message_class", MessageClass)
def test_no_class_is_spared_unless_it_is_named(message_class):
    known = {"consents": (word(),), "message_class": message_class}

    assert judged(do_not_contact, {}, known).act is Act.CANCEL
    assert judged(do_not_contact, {"exempt": frozenset({message_class})}, known).act is Act.ALLOW
