"""What the guide says of the place to try policies: how the simulated Telnyx is made to fail, and to be answered."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import httpx
import pytest

import simulator
from core import failures
from core.failures import FailureClass
from schemas import envelope, reading
from tests.policies_guide import blocks, names, rows, section

TOLD = section("Answers and failures, where you try it")
ENDINGS = rows(TOLD, "what becomes of it")


def said_to(path):
    """Return what the guide sends to a path of the simulator; what a shell would put in is a time."""
    (body,) = [body for body in blocks(TOLD) if f"/_sim/{path} " in body]
    (sent,) = re.findall(r"(?s)-d '(.*)'", body)
    return json.loads(sent.replace("'$(date -u +%FT%TZ)'", "2026-05-01T12:00:00Z"))


@pytest.fixture
def telnyx():
    with simulator.running() as running:
        yield running


@pytest.mark.parametrize("path", ["inbound", "config", "events"])
def test_simulator_takes_what_the_guide_sends(telnyx, path):
    assert httpx.post(f"{telnyx.url}/_sim/{path}", json=said_to(path)).status_code == 200


@pytest.mark.parametrize(("status", "code", "against"), ENDINGS)
def test_message_ends_with_the_code_that_is_told(telnyx, status, code, against):
    telnyx.configure(final_statuses={"+15557650101": names(status)[0]})

    message = telnyx.send(to="+15557650101")
    assert telnyx.settle()

    assert [error["code"] for error in telnyx.message(message["id"])["errors"]] == names(code)
    failure = failures.of(names(code)[0])
    assert (failure.about is FailureClass.SENDER) is (against == "the sender")
    assert not failure.is_permanent


def test_end_of_ones_own_says_that_the_number_is_gone():
    read = envelope.read(json.dumps(said_to("events")).encode())

    report = reading.report(read, received_at=datetime.now(UTC))

    assert (report.final, [each.phone_number for each in report.addressees]) == (True, ["+15557650104"])
    code, _ = failures.speaking(report.details["errors"])
    failure = failures.of(code)
    assert (failure.about, failure.is_permanent) == (FailureClass.RECIPIENT, True)
