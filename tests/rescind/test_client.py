"""The client for applications, against the API over a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from telnyx import Telnyx
from werkzeug.serving import make_server

import simulator
from rescind.client import Rescind, RescindError, through_door
from tests.api_calls import TOKEN, Api, telnyx_message
from tests.processes import free_port
from tests.reports import ALICE, NOW, OURS, message_id

WHAT_IT_BRINGS = """
import sys
import httpx
before = set(sys.modules)
import rescind.client
brought = {name for name in set(sys.modules) - before if name.split(".")[0] not in sys.stdlib_module_names}
print(sorted(brought))
"""


@pytest.fixture
def rescind(sqlite_database) -> Iterator[Rescind]:
    server = make_server("127.0.0.1", 0, Api(sqlite_database).wsgi, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with Rescind(f"http://127.0.0.1:{server.server_port}/", TOKEN) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_importing_it_brings_in_httpx_and_nothing_else():
    told = subprocess.run([sys.executable, "-c", WHAT_IT_BRINGS], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "['rescind', 'rescind.client']"


def test_registered_message_can_be_looked_at_and_explained(rescind):
    registered = rescind.register(telnyx_message(), campaign="sale", message_class="transactional", tags=["vip"])

    assert (registered["id"], registered["ledger"]) == (message_id(), "pending")
    shown = rescind.message(message_id())
    assert (shown["campaign"], shown["class"], shown["tags"]) == ("sale", "transactional", ["vip"])
    assert [each["verdict"] for each in rescind.why(message_id())["decisions"]] == ["allow"]
    assert rescind.ledger()["registered"] == 1
    assert rescind.register(telnyx_message())["id"] == message_id()


def test_send_at_serves_where_the_answer_has_none(rescind):
    at = NOW + timedelta(hours=2)

    assert rescind.register(telnyx_message(send_at=None), send_at=at)["send_at"] == "2026-05-01T14:00:00Z"
    with pytest.raises(ValueError, match="has no zone"):
        rescind.register(telnyx_message(2, send_at=None), send_at=datetime(2026, 5, 1, 14))  # noqa: DTZ001 - that is it


def test_everything_that_the_sdk_answers_is_understood(rescind):
    with simulator.running(webhook_url=f"http://127.0.0.1:{free_port()}/") as telnyx:
        client = Telnyx(api_key="KEY", base_url=telnyx.base_url, max_retries=0)
        asked = {"to": ALICE, "from_": OURS, "text": "Hello", "send_at": datetime.now(UTC) + timedelta(hours=2)}
        answers = [
            client.messages.schedule(**asked),
            client.messages.schedule(**asked).data,
            client.messages.with_raw_response.schedule(**asked),
            client.messages.with_raw_response.schedule(**asked).json(),
        ]
        client.close()

    registered, errors = rescind.register_many(answers, campaign="sale")

    assert (len({each["id"] for each in registered}), errors) == (4, [])
    assert {rescind.message(each["id"])["from"] for each in registered} == {OURS}


def test_many_are_sent_in_parts_and_errors_name_the_place_among_all(rescind):
    some = [telnyx_message(number) for number in range(1, 451)]
    some[399] = {"id": "nonsense"}

    registered, errors = rescind.register_many(iter(some), tags=iter(["vip"]))

    assert len(registered) == 449
    assert [(each["index"], each["code"]) for each in errors] == [(399, "request_invalid")]
    assert rescind.message(message_id(450))["tags"] == ["vip"]


def test_opt_out_and_campaign_are_told(rescind):
    assert rescind.opt_out(ALICE, reason="by phone")["opted_out"]
    assert [each["evidence"] for each in rescind.recipient(ALICE)["consent"]] == ["by phone"]
    told = rescind.campaign("spring/sale", status="ended", ends_at=NOW)
    assert (told["status"], told["ends_at"]) == ("ended", "2026-05-01T12:00:00Z")
    assert rescind.campaign("spring/sale") == told
    assert rescind.campaign("spring/sale", ends_at=None)["ends_at"] is None


def test_all_holds_are_listed_however_many(rescind):
    placed = [rescind.hold("campaign", f"sale-{number}", reason="wrong price")["id"] for number in range(101)]

    assert [each["id"] for each in rescind.holds()] == placed[::-1]


def test_hold_is_set_listed_and_lifted(rescind):
    held = rescind.hold("campaign", "sale", reason="wrong price", until=timedelta(hours=2))
    forever = rescind.hold("all", reason="see the incident", until=NOW + timedelta(days=1))

    assert [each["id"] for each in rescind.holds()] == [forever["id"], held["id"]]
    assert rescind.lift(held["id"])["lifted_at"] is not None


def test_refusal_is_one_error_with_its_code_and_is_not_tried_again(rescind):
    with pytest.raises(RescindError) as caught:
        rescind.message(message_id(9))
    assert (caught.value.code, caught.value.status) == ("not_found", 404)
    with pytest.raises(RescindError) as caught:
        rescind.register(telnyx_message(to="555"))
    assert (caught.value.code, caught.value.status) == ("request_invalid", 422)
    with pytest.raises(TypeError, match="is no answer of Telnyx's"):
        rescind.register("an id alone")


@contextmanager
def answering(*statuses: int, retry_after: str = "0"):
    """Answers in this order, the last again and again; yields where, and when it was asked."""
    asked: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses[min(len(asked), len(statuses) - 1)]
            asked.append(time.monotonic())
            error = {"error": {"code": "store_unavailable", "message": "The database cannot be reached in time."}}
            body = json.dumps({"data": {"registered": 7}} if status == 200 else error).encode()
            self.send_response(status)
            self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_server_that_is_away_for_a_moment_is_asked_again_when_it_says():
    with answering(503, 503, 200, retry_after="1") as (url, asked), Rescind(url, TOKEN) as client:
        assert client.ledger() == {"registered": 7}
    assert len(asked) == 3
    assert asked[2] - asked[0] > 1.9


def test_server_that_stays_away_is_an_error_after_the_last_try():
    with (
        answering(503) as (url, asked),
        Rescind(url, TOKEN, retries=2) as client,
        pytest.raises(RescindError) as caught,
    ):
        client.ledger()
    assert (len(asked), caught.value.code, caught.value.status) == (3, "store_unavailable", 503)


def test_nobody_there_is_an_error_that_names_the_address():
    url = f"http://127.0.0.1:{free_port()}"
    with Rescind(url, TOKEN, retries=1) as client, pytest.raises(RescindError) as caught:
        client.ledger()
    assert (caught.value.code, caught.value.status) == ("unreachable", None)
    assert url in caught.value.message


def test_server_that_is_something_else_is_told_as_such():
    with simulator.running() as telnyx, Rescind(telnyx.url, TOKEN) as client, pytest.raises(RescindError) as caught:
        client.ledger()
    assert caught.value.code == "unexpected_answer"
    assert "is the URL right?" in caught.value.message


def test_headers_for_the_door():
    assert through_door() == {}
    assert through_door(campaign="spring sale", message_class="otp", tags=["a", "b"]) == {
        "Rescind-Campaign": "spring sale",
        "Rescind-Class": "otp",
        "Rescind-Tags": "a,b",
    }


@pytest.mark.parametrize("said", [{"campaign": "Frühling"}, {"campaign": "a\r\nB: c"}, {"tags": ["a,b"]}])
def test_header_that_cannot_be_sent_is_refused(said):
    with pytest.raises(ValueError, match=r"header"):
        through_door(**said)
