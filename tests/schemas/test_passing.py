"""What of a request to send is read: strictly what it is judged by, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.errors import RequestInvalid
from core.facts import MessageClass
from core.fingerprints import fingerprint
from core.intents import text_digest
from schemas import passing
from schemas.passing import Outgoing, Said

ALICE, BOB = "+15557650101", "+15557650102"


def read(**body):
    return passing.outgoing(json.dumps(body).encode())


def test_message_is_read_as_far_as_it_is_judged():
    outgoing = read(
        to=ALICE,
        messaging_profile_id="p",
        text="Hello é",
        send_at="2026-02-15T15:30:00+01:00",
        media_urls=["http://example.com"],
        **{"from": "+1 (555) 765-0900"},
    )
    assert outgoing == Outgoing(
        recipients=(ALICE,),
        from_number="+15557650900",
        messaging_profile_id="p",
        send_at=datetime(2026, 2, 15, 14, 30, tzinfo=UTC),
        text_digest=text_digest("Hello é"),
        fingerprint=fingerprint("Hello é"),
        body_digest=outgoing.body_digest,
    )


def test_same_request_is_known_by_its_body_and_another_by_anything_that_differs():
    asked = {"to": ALICE, "media_urls": ["http://example.com/1.png"]}
    assert read(**asked).body_digest == read(**asked).body_digest
    assert read(**asked).body_digest != read(**asked | {"media_urls": ["http://example.com/2.png"]}).body_digest


@pytest.mark.parametrize(
    ("to", "recipients"),
    [
        (ALICE, (ALICE,)),
        ("+1 555 765 0101", (ALICE,)),
        ([ALICE, BOB, ALICE], (ALICE, BOB)),
        ([{"phone_number": ALICE}], (ALICE,)),
        (None, ()),
        ([], ()),
    ],
)
def test_recipients_are_read_in_every_form(to, recipients):
    assert read(to=to).recipients == recipients


@pytest.mark.parametrize("to", ["", "5557650101", "15557650101", "+1555***0101", 15557650101, {}, [None], [ALICE] * 51])
def test_recipient_that_no_opt_out_could_be_matched_with_is_refused(to):
    with pytest.raises(RequestInvalid, match=r"^to"):
        read(to=to)


@pytest.mark.parametrize("send_at", [None, "soon", 5, [], "2026-02-30T00:00:00Z"])
def test_time_that_is_none_is_left_to_telnyx(send_at):
    assert read(to=ALICE, send_at=send_at).send_at is None


def test_empty_body_says_nothing():
    assert passing.outgoing(b"") == Outgoing((), None, None, None, None)


@pytest.mark.parametrize("raw", [b" ", b"[]", b"1", b'{"to": NaN}', b'{"to": 1, "to": 2}', b"\xff", b'"' + b"[" * 99])
def test_body_that_others_may_read_otherwise_is_refused(raw):
    with pytest.raises(RequestInvalid, match=r"^the body"):
        passing.outgoing(raw)


def test_headers_say_what_a_registration_could():
    headers = {"Rescind-Campaign": "fr\xc3\xbchling", "Rescind-Class": "otp", "Rescind-Tags": " a,b ,,c"}
    assert passing.said(headers) == Said("frühling", MessageClass.OTP, ("a", "b", "c"))
    assert passing.said({}) == passing.said({"Rescind-Campaign": "  "}) == Said(None, None, None)


@pytest.mark.parametrize("query", ["to=1", "to[]=1", "to%5B%5D=1", "a=1&send_at", "text=x", "from=y"])
def test_query_that_could_be_taken_for_the_body_is_refused(query):
    with pytest.raises(RequestInvalid, match="belongs into the body"):
        passing.refuse_query(query)


def test_other_queries_may_pass():
    passing.refuse_query("page[size]=1&tomato=2&x")
