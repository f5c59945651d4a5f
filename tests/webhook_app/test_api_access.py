"""Who may use the HTTP API, and what it makes of requests that are none."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3

import pytest
from nacl.signing import SigningKey

from schemas.settings import Settings
from store.engine import Database
from tests.api_calls import TOKEN, Api, refused, telnyx_message, told, untouched
from tests.reports import NOW
from webhook_app import create_app

ROUTES = [
    ("POST", "/v1/messages"),
    ("GET", "/v1/messages"),
    ("GET", "/v1/messages/153e7c2a-26a2-40bd-bb12-87fff52ddf5d"),
    ("GET", "/v1/messages/153e7c2a-26a2-40bd-bb12-87fff52ddf5d/why"),
    ("POST", "/v1/opt-outs"),
    ("GET", "/v1/recipients/+15557650101"),
    ("GET", "/v1/campaigns"),
    ("PUT", "/v1/campaigns/spring"),
    ("GET", "/v1/campaigns/spring"),
    ("GET", "/v1/ledger"),
    ("GET", "/v1/events"),
]
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def api(sqlite_template, tmp_path_factory):
    with untouched(sqlite_template, tmp_path_factory.mktemp("api")) as api:
        yield api


@pytest.fixture(scope="module")
def closed_api(sqlite_template, tmp_path_factory):
    """An API for which no token is set."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('api') / 'never_opened.db'}")
    yield Api(database, token=None)
    database.dispose()


def nothing_changed(api: Api) -> bool:
    return api.rung == 0 and told(api.get("/v1/ledger"))["registered"] == 0 and told(api.get("/v1/campaigns")) == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer another", f"Basic {TOKEN}", TOKEN, "Bearer ä"]
)
def test_request_without_the_token_is_401_and_does_nothing(api, method, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = api.ask(method, path, headers=headers, json=telnyx_message())
    assert "RESCIND_API_TOKEN" in refused(answer, 401)["message"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert nothing_changed(api)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_api_without_a_token_is_closed_and_says_how_to_open_it(closed_api, method, path):
    error = refused(closed_api.ask(method, path, json={}), 403)
    assert error == {
        "code": "forbidden",
        "message": "the API is closed: set RESCIND_API_TOKEN to a token of your own and start again",
    }


def test_scheme_may_be_in_any_case(api):
    assert api.ask("GET", "/v1/ledger", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_token_is_asked_for_before_the_body_is_looked_at(api):
    refused(api.ask("POST", "/v1/messages", headers={}, data=b"no JSON", content_type="text/plain"), 401)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the body is empty; send a JSON object"),
        (b"{", "the body is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"id": 1, "id": 2}', "the body has the key 'id' twice"),
        (b'{"id": NaN}', "the body has NaN, which is no JSON"),
        (b'{"id": 1e999}', "the body has a number beyond all bounds: 1e999"),
        (b'{"id": "\xff"}', "the body is not UTF-8"),
        (b"[" * 100_000, "the body is nested more than 64 deep"),
        (gzip.compress(b"{}"), "the body is not UTF-8"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/opt-outs"])
def test_body_that_is_no_json_is_400(api, path, raw, message):
    answer = api.ask("POST", path, data=raw, content_type="application/json")
    assert refused(answer, 400) == {"code": "bad_request", "message": message}
    assert nothing_changed(api)


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_body_of_another_type_is_415(api, content_type):
    for path in ("/v1/messages", "/v1/opt-outs"):
        answer = api.ask("POST", path, data=json.dumps(telnyx_message()).encode(), content_type=content_type)
        assert "send application/json" in refused(answer, 415)["message"]
    assert nothing_changed(api)


def test_json_under_a_more_exact_type_is_taken(api):
    answer = api.ask("POST", "/v1/opt-outs", data=b"{}", content_type="application/json; charset=utf-8")
    assert refused(answer, 422)["message"] == "phone_number: is missing"


def padded(size: int) -> bytes:
    return b'{"phone_number": "' + b"1" * (size - 20) + b'"}'


def test_longest_body_is_still_read(api):
    assert len(padded(5 * MEBIBYTE)) == 5 * MEBIBYTE
    refused(api.ask("POST", "/v1/opt-outs", data=padded(5 * MEBIBYTE), content_type="application/json"), 422)


def test_body_that_is_too_long_is_413(api):
    answer = api.ask("POST", "/v1/opt-outs", data=padded(5 * MEBIBYTE + 1), content_type="application/json")
    assert "5,242,880 bytes" in refused(answer, 413)["message"]


def test_chunked_body_that_is_too_long_is_413(api):
    answer = api.ask(
        *("POST", "/v1/opt-outs"),
        input_stream=io.BytesIO(padded(5 * MEBIBYTE + 1)),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    refused(answer, 413)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("DELETE", "/v1/ledger", "takes no DELETE; use GET"),
        ("PATCH", "/v1/campaigns/spring", "takes no PATCH; use GET or PUT"),
        ("GET", "/v1/opt-outs", "takes no GET; use POST"),
    ],
)
def test_method_that_a_route_does_not_take_is_told_with_those_that_it_does(api, method, path, told):
    answer = api.ask(method, path)
    assert refused(answer, 405) == {"code": "method_not_allowed", "message": f"{path} {told}"}
    assert set(told.split("; use ")[1].split(" or ")) <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/messages/", "/v1//ledger", "/v1/campaigns/", "/v1/+1", "/v1/a%0Ab"]
)
def test_route_that_is_none_is_told_with_where_to_look(api, path):
    told = refused(api.ask("GET", path), 404)["message"]
    assert told == f"nothing is served at {path}; the paths that there are stand in docs/reference.md"


def test_route_that_is_endless_is_not_given_back_whole(api):
    assert len(refused(api.ask("GET", f"/v1/{'x' * 5000}"), 404)["message"]) < 300


def test_database_that_is_locked_is_503_and_says_when_to_come_again(sqlite_database):
    api = Api(sqlite_database)
    path = sqlite_database.url.database
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    answer = api.post("/v1/messages", telnyx_message())
    assert refused(answer, 503)["code"] == "store_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert api.rung == 0
    holder.close()
    assert api.post("/v1/messages", telnyx_message()).status_code == 201


def test_application_serves_the_api_under_its_settings(sqlite_url):
    settings = Settings.from_env(
        {
            "TELNYX_PUBLIC_KEY": base64.b64encode(bytes(SigningKey.generate().verify_key)).decode(),
            "DATABASE_URL": sqlite_url,
            "RESCIND_API_TOKEN": TOKEN.replace(" ", "-"),
        }
    )
    rung = []
    client = create_app(settings, ring=lambda: rung.append(1), clock=lambda: NOW).test_client()
    headers = {"Authorization": f"Bearer {TOKEN.replace(' ', '-')}"}

    registered = client.post("/v1/messages", json=telnyx_message(), headers=headers)
    assert (told(registered, 201)["ledger"], rung) == ("pending", [1])
    refused(client.get("/v1/ledger"), 401)
    assert client.get("/openapi.json").get_json()["openapi"] == "3.1.0"
    # The token of the API opens no other door, and none asks for it.
    refused(client.post("/webhooks/telnyx", json={}, headers=headers), 401)
    assert client.get("/healthz").status_code == 200


class Broken:
    """A database in which there is a bug of ours."""

    def read(self):
        raise ZeroDivisionError("of our own making")


def test_bug_is_500_without_a_word_about_itself():
    error = refused(Api(Broken()).get("/v1/ledger"), 500)
    assert error["code"] == "internal_server_error"
    assert "making" not in error["message"]
