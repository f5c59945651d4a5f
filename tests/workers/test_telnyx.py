import gzip
import socket
import subprocess
import sys
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.cancelling import Answer, Trouble
from core.errors import SettingsError
from schemas.secret import Secret
from tests.cancelling_world import KEY
from tests.scripted_telnyx import HTML, NOT_CANCELLABLE, Reply, ScriptedTelnyx, cancelled, message
from workers.telnyx import Listing, TelnyxClient, retry_after

ID = "40385f64-5717-4562-b3fc-2c963f66afa6"
SECONDS = timedelta(seconds=5)


@pytest.fixture
def telnyx():
    server = ScriptedTelnyx(lambda request, nth: cancelled(request))
    yield server
    server.stop()


def answering(telnyx, reply: Reply) -> None:
    telnyx.script = lambda request, nth: reply


def test_cancelling_is_one_authorised_delete(telnyx, client):
    answer = client.cancel(ID, SECONDS)
    assert (answer.http_status, answer.body, answer.trouble) == (200, message(ID, "cancelled"), None)
    (request,) = telnyx.requests
    assert (request.method, request.path) == ("DELETE", f"/v2/messages/{ID}")
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_retrieving_is_one_authorised_get(telnyx, client):
    assert client.retrieve(ID, SECONDS).http_status == 200
    (request,) = telnyx.requests
    assert (request.method, request.path) == ("GET", f"/v2/messages/{ID}")
    assert request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "message_id",
    [
        "../phone_numbers/1",
        "x?y",
        ID.upper(),
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        ID.replace("-", ""),
        f"{ID}/",
        f"{ID}\n",
        "",
        "%2e%2e",
    ],
)
def test_row_81_what_is_not_an_id_is_never_asked_about(telnyx, client, message_id):
    assert client.cancel(message_id, SECONDS).trouble is Trouble.UNEXPECTED
    assert client.retrieve(message_id, SECONDS).trouble is Trouble.UNEXPECTED
    assert telnyx.requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503])
def test_errors_are_answers_and_nothing_is_retried(telnyx, client, status):
    answering(telnyx, Reply(status, {"errors": [{"code": "1", "title": "no"}]}))
    answer = client.cancel(ID, SECONDS)
    assert (answer.http_status, answer.trouble) == (status, None)
    assert answer.body == {"errors": [{"code": "1", "title": "no"}]}
    assert len(telnyx.requests) == 1


def test_row_69_redirect_is_never_followed_with_the_key(telnyx, client):
    other = ScriptedTelnyx(lambda request, nth: cancelled(request))
    answering(telnyx, Reply(307, {}, {"location": f"{other.url}/messages/{ID}"}))
    assert client.cancel(ID, SECONDS).http_status == 307
    other.stop()
    assert other.requests == []
    assert len(telnyx.requests) == 1


@pytest.mark.parametrize(
    ("reply", "status"), [(HTML, 200), (Reply(204), 204), (Reply(200, ""), 200), (Reply(200, "[" * 100_000), 200)]
)
def test_row_69_answer_that_is_no_json_has_no_body(telnyx, client, reply, status):
    answering(telnyx, reply)
    answer = client.cancel(ID, SECONDS)
    assert (answer.http_status, answer.body, answer.trouble) == (status, None, None)


def test_hanging_answer_is_given_up_in_time(telnyx, client):
    answering(telnyx, Reply(200, {}, hang=60))
    assert client.cancel(ID, timedelta(seconds=0.3)).trouble is Trouble.TIMEOUT


def test_dripping_answer_is_given_up_in_time(telnyx, client):
    client.cancel(ID, SECONDS)
    answering(telnyx, Reply(200, "x" * 100, drip=0.1))
    assert client.cancel(ID, timedelta(seconds=0.3)).trouble is Trouble.TIMEOUT


def test_answer_without_end_is_not_read_to_its_end(telnyx, client):
    answering(telnyx, Reply(200, "x" * 1024 * 1024))
    assert client.cancel(ID, SECONDS).http_status == 200
    answering(telnyx, Reply(200, "x" * (1024 * 1024 + 1)))
    answer = client.cancel(ID, SECONDS)
    assert (answer.http_status, answer.trouble) == (None, Trouble.UNEXPECTED)
    assert len(answer.text) < 100


def test_answer_that_comes_packed_is_not_unpacked(telnyx, client):
    packed = gzip.compress(b"{" + b" " * 10_000_000 + b"}").decode("latin-1")
    answering(telnyx, Reply(200, packed, {"content-encoding": "gzip"}))
    answer = client.cancel(ID, SECONDS)
    assert (answer.http_status, answer.body) == (200, None)
    assert len(answer.text) < 1024 * 1024
    assert telnyx.requests[0].headers["Accept-Encoding"] == "identity"


def test_own_timeout_bounds_the_callers(telnyx):
    answering(telnyx, Reply(200, {}, hang=60))
    client = TelnyxClient(Secret(KEY), telnyx.url, timeout=timedelta(seconds=0.3))
    assert client.cancel(ID, timedelta(minutes=5)).trouble is Trouble.TIMEOUT
    client.close()


def test_row_70_cut_connection_is_told_from_a_refused_one(telnyx, client):
    answering(telnyx, Reply(cut=True))
    assert client.cancel(ID, SECONDS).trouble is Trouble.CONNECTION
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = TelnyxClient(Secret(KEY), f"http://127.0.0.1:{unused.getsockname()[1]}/v2")
        answer = nobody.cancel(ID, SECONDS)
        nobody.close()
    assert (answer.http_status, answer.trouble) == (None, Trouble.CONNECTION)


def test_row_70_tls_failure_is_named(telnyx):
    plain = TelnyxClient(Secret(KEY), telnyx.url.replace("http://", "https://"))
    assert plain.cancel(ID, SECONDS).trouble is Trouble.TLS
    plain.close()
    assert telnyx.requests == []


def test_key_never_shows_in_an_answer(telnyx, client):
    answering(telnyx, Reply(401, {"detail": f"Bearer {KEY} is wrong"}))
    answer = client.cancel(ID, SECONDS)
    assert KEY not in repr(answer)
    assert answer.body == {"detail": "Bearer *** is wrong"}


@pytest.mark.parametrize("key", [None, Secret("")])
def test_without_a_key_there_is_no_client(key):
    with pytest.raises(SettingsError, match="TELNYX_API_KEY"):
        TelnyxClient(key, "http://127.0.0.1:1/v2")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-ratelimit-reset": "3"}, 3),
        ({"x-ratelimit-reset": "0.5"}, 0.5),
        ({"x-ratelimit-reset": "3", "retry-after": "7"}, 3),
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "soon", "retry-after": "7"}, 7),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"x-ratelimit-reset": "600"}, 60),
        ({"x-ratelimit-reset": "1771165800"}, None),
        ({"x-ratelimit-reset": "-5"}, None),
        ({"x-ratelimit-reset": "0"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "inf"}, None),
        ({"x-ratelimit-reset": "1e999"}, None),
    ],
)
def test_row_76_hint_is_obeyed_within_reason(headers, expected):
    assert retry_after(headers) == (None if expected is None else timedelta(seconds=expected))


def test_hint_comes_with_the_answer(telnyx, client):
    answering(telnyx, Reply(429, {}, {"X-RateLimit-Reset": "3"}))
    assert client.cancel(ID, SECONDS).retry_after == timedelta(seconds=3)


def test_refusal_keeps_its_text(telnyx, client):
    answering(telnyx, NOT_CANCELLABLE)
    answer = client.cancel(ID, SECONDS)
    assert isinstance(answer, Answer)
    assert "Unprocessable Entity" in answer.text


def test_page_of_a_list_is_one_authorised_get_with_its_query(telnyx, client):
    query = {"filter[finished_at][gte]": "2026-05-01T12:00:00+00:00", "page[number]": "2"}
    answering(telnyx, Reply(200, {"data": []}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"}))

    answer = client.page(Listing.DELIVERIES, query)

    (request,) = telnyx.requests
    assert (request.method, urlsplit(request.path).path) == ("GET", "/v2/webhook_deliveries")
    assert dict(parse_qsl(urlsplit(request.path).query)) == query
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert (answer.body, answer.is_last, answer.retry_after) == ({"data": []}, True, timedelta(seconds=3))


@pytest.mark.parametrize(("longest", "is_read"), [(1000, False), (4000, True)])
def test_how_long_an_answer_may_be_is_chosen(telnyx, longest, is_read):
    answering(telnyx, Reply(200, {"data": ["x" * 3000]}))
    client = TelnyxClient(Secret(KEY), telnyx.url, longest=longest)
    assert (client.page(Listing.OPT_OUTS, {}).http_status == 200) is is_read
    client.close()


def test_sdk_is_not_imported_before_it_is_needed():
    code = (
        "import sys; from workers.telnyx import TelnyxClient; from schemas.secret import Secret;"
        "TelnyxClient(Secret('k'), 'http://127.0.0.1:1/v2'); sys.exit('telnyx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
