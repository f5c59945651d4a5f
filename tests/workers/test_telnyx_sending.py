"""The one request that sends: it goes out once, and says whether it may have left when no answer came."""

from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest

from core.cancelling import Trouble
from schemas.secret import Secret
from tests.cancelling_world import KEY
from tests.processes import wait_for
from tests.scripted_telnyx import Reply, ScriptedTelnyx
from workers.telnyx import TelnyxClient

MESSAGE = {"from": "+15557650900", "to": "+15557650101", "text": "50 % off \u2728"}


@pytest.fixture
def telnyx():
    server = ScriptedTelnyx(lambda request, nth: Reply(200, {"data": {"id": "1"}}))
    yield server
    server.stop()


@pytest.fixture
def hasty(telnyx):
    client = TelnyxClient(Secret(KEY), telnyx.url, timeout=timedelta(seconds=0.5))
    yield client
    client.close()


def test_sending_is_one_authorised_post_of_the_message(telnyx, client):
    answer = client.send(MESSAGE)
    assert (answer.http_status, answer.body, answer.trouble) == (200, {"data": {"id": "1"}}, None)
    (request,) = telnyx.requests
    assert (request.method, request.path) == ("POST", "/v2/messages")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(request.body) == MESSAGE


@pytest.mark.parametrize(
    ("reply", "status", "trouble"),
    [
        pytest.param(Reply(503, {}), 503, None, id="unavailable"),
        pytest.param(Reply(429, {}), 429, None, id="throttled"),
        pytest.param(Reply(307, {}, {"location": "/v2/messages"}), 307, None, id="redirect"),
        pytest.param(Reply(200, {}, hang=60), None, Trouble.TIMEOUT, id="no answer"),
        pytest.param(Reply(cut=True), None, Trouble.CONNECTION, id="cut off"),
    ],
)
def test_message_is_never_sent_twice_and_may_have_been_sent(telnyx, client, hasty, reply, status, trouble):
    telnyx.script = lambda request, nth: reply
    answer = (hasty if reply.hang else client).send(MESSAGE)
    assert (answer.http_status, answer.trouble, answer.has_left) == (status, trouble, True)
    assert wait_for(lambda: telnyx.requests)
    assert len(telnyx.requests) == 1


def test_nothing_has_left_when_nobody_listens():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        client = TelnyxClient(Secret(KEY), f"http://127.0.0.1:{probe.getsockname()[1]}/v2")
        answer = client.send(MESSAGE)
        client.close()
    assert (answer.trouble, answer.has_left) == (Trouble.CONNECTION, False)
