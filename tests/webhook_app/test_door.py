"""The door to Telnyx: what passes, as it came, and what does not."""

from __future__ import annotations

import json

import pytest

from store.engine import Database
from tests.door_world import KEY, door, error_of
from tests.reports import ALICE, OURS


def test_scheduled_message_is_registered_before_its_sender_hears_of_it(world):
    answer = world.schedule(headers={"Rescind-Campaign": "spring", "Rescind-Class": "otp", "Rescind-Tags": "a, b"})
    assert answer.status_code == 200
    told = answer.get_json()["data"]
    assert told["to"][0]["status"] == world.telnyx.status(told["id"]) == "scheduled"
    assert answer.headers["Rescind-Registered"] == "yes"
    row = world.rows()[told["id"]]
    assert (row.ledger, row.door, row.campaign_key, row.message_class) == ("pending", "passthrough", "spring", "otp")
    assert row.tags == ["a", "b"]
    (intent,) = world.intents()
    assert (intent.state, intent.message_id, intent.http_status) == ("answered", told["id"], 200)
    assert intent.recipients == [ALICE]
    assert world.rung == 1


def test_message_that_goes_out_at_once_is_kept_and_is_no_part_of_the_ledger(world):
    answer = world.send()
    told = answer.get_json()["data"]
    assert "Rescind-Registered" not in answer.headers
    row = world.rows()[told["id"]]
    assert (row.ledger, row.registered_at, row.door) == (None, None, "passthrough")
    assert [each.state for each in world.intents()] == ["answered"]
    world.deliver()
    assert world.story(told["id"])["message"]["recipients"][0]["status"] == "delivered"
    assert world.rows()[told["id"]].orphaned_at is None


def test_both_ways_to_schedule_pass(world):
    ids = [
        world.schedule(path=path, to=number).get_json()["data"]["id"]
        for path, number in (("/v2/messages", ALICE), ("/v2/messages/schedule", "+15557650199"))
    ]
    assert {world.rows()[each].ledger for each in ids} == {"pending"}
    assert world.sends() == ["/v2/messages", "/v2/messages/schedule"]


def test_answer_comes_as_telnyx_gave_it(small_world):
    body = '{"errors": [ {"code":"40318","title":"Queue full\\u00e9"} ]}'
    headers = {"x-ratelimit-remaining": "0", "Cache-Control": "max-age=7", "X-Thing": "é", "Content-Type": "text/odd"}
    small_world.telnyx.fault("answer", method="POST", status=418, body=body, headers=headers)
    answer = small_world.send()
    assert answer.status_code == 418
    assert answer.data == body.encode()
    assert {name: answer.headers[name] for name in headers if name != "Content-Type"} == {
        name: value for name, value in headers.items() if name != "Content-Type"
    }
    assert answer.headers["Content-Type"].startswith("text/html")
    assert [(each.state, each.http_status) for each in small_world.intents()] == [("declined", 418)]
    assert small_world.rows() == {}


def test_error_of_telnyx_comes_as_it_is(small_world):
    answer = small_world.send(text="")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "10027"
    (intent,) = small_world.intents()
    assert (intent.state, intent.reason) == ("declined", "Telnyx answered 422")


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2/",
        "/v2/phone_numbers",
        "/v2/messages/",
        "/v2/messages/../phone_numbers/1",
        "/v2/messages/%2e%2e/phone_numbers",
        "/v2/messages/..%2Fphone_numbers",
        "/v2/messages/./x",
        "/v2/messages//x",
        "/v2//messages",
        "/v2/messages%3Fx",
        "/v2/messages/a%0d%0ab",
        "/v2/messages/a%20b",
        "/v2/messages/é",
        "/v2/messages/%252e%252e/phone_numbers",
        "/v2/messaging_profiles",
        "/v2/messagesx",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH"])
def test_nothing_but_messages_can_be_reached(outer_door, method, path):
    error = error_of(outer_door.call(method, path), 404)
    assert error["code"] == "10005"
    assert "use https://api.telnyx.com" in error["detail"]
    assert outer_door.telnyx.requests() == []


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "CONNECT", "X-SEND", "post"])
@pytest.mark.parametrize("path", ["/v2", "/v2/messages", "/v2/messages/x", "/v2/phone_numbers"])
def test_method_that_telnyx_does_not_have_is_refused_in_its_shape(outer_door, method, path):
    answer = outer_door.call(method, path)
    error = error_of(answer, 405)
    assert (error["code"], error["title"]) == ("10015", "Method Not Allowed")
    assert "POST" in answer.headers["Allow"]
    assert outer_door.telnyx.requests() == []


@pytest.fixture(scope="module")
def outer_door(sqlite_template, tmp_path_factory):
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('door') / 'none.db'}")
    with door(database) as world:
        yield world
    database.dispose()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/messages/group/40385f64-5717-4562-b3fc-2c963f66afa6"),
        ("POST", "/v2/messages/whatsapp"),
        ("POST", "/v2/messages/group_mms"),
        ("POST", "/v2/messages/number_pool"),
        ("POST", "/v2/messages/alphanumeric_sender_id"),
        ("PATCH", "/v2/messages/x_1.~-"),
    ],
)
def test_every_call_about_messages_passes_with_its_query_as_it_is(small_world, method, path):
    answer = small_world.call(method, f"{path}?page[size]=1&x=%2F%20|", json={"to": ALICE})
    assert answer.status_code == 404
    assert answer.get_json()["errors"][0]["code"] == "10005"
    assert [each["path"] for each in small_world.telnyx.requests(method)] == [path]


def test_query_and_headers_reach_telnyx_and_ours_do_not(small_world, telnyx_seen):
    small_world.call(
        "POST",
        "/v2/messages?a[b]=%2F|&c",
        json={"from": OURS, "to": ALICE, "text": "x"},
        headers={"X-Stainless-Lang": "python", "Rescind-Tags": "a", "X-Forwarded-For": "10.0.0.1", "Cookie": "c=1"},
    )
    (seen,) = telnyx_seen
    assert seen["QUERY_STRING"] == "a[b]=%2F|&c"
    assert seen["HTTP_AUTHORIZATION"] == f"Bearer {KEY}"
    assert (seen["HTTP_X_STAINLESS_LANG"], seen["HTTP_COOKIE"]) == ("python", "c=1")
    assert not [name for name in seen if name.startswith(("HTTP_RESCIND", "HTTP_X_FORWARDED"))]
    assert json.loads(seen["wsgi.input"].getvalue())["to"] == ALICE


@pytest.fixture
def telnyx_seen(small_world):
    """The requests that reach the simulator, as its server sees them."""
    seen = []
    server = small_world.telnyx._server
    application = server.application

    def seeing(environ, start_response):
        seen.append(dict(environ))
        return application(environ, start_response)

    server.application = seeing
    return seen


def test_cookie_of_one_caller_is_not_sent_with_the_call_of_another(small_world, telnyx_seen):
    small_world.telnyx.fault("answer", method="POST", status=400, body={}, headers={"Set-Cookie": "who=first"}, times=1)
    assert small_world.send().headers["Set-Cookie"] == "who=first"
    small_world.send()
    assert "HTTP_COOKIE" not in telnyx_seen[-1]


def test_question_about_a_key_is_written_as_every_front_takes_it(small_world, telnyx_seen):
    small_world.send(key="KEY-of-somebody")
    who_asks = telnyx_seen[0]
    assert (who_asks["PATH_INFO"], who_asks["QUERY_STRING"]) == ("/v2/messaging_profiles", "page%5Bsize%5D=1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirect_is_neither_followed_nor_passed_on(small_world, method, status):
    small_world.telnyx.fault("redirect", status=status, location="http://elsewhere.example/")
    answer = small_world.call(method, "/v2/messages/x", json={"to": ALICE} if method == "POST" else None)
    assert error_of(answer, 502)["code"] == "10007"
    assert "Location" not in answer.headers
    assert answer.headers["x-should-retry"] == "false"
    assert len(small_world.telnyx.requests()) == 1


def test_call_without_a_key_is_refused_and_nothing_happens(small_world):
    for given in (None, "", "Basic abc", "Bearer", "Bearer a,b", "Bearer a b", "Bearer " + "x" * 600):
        headers = {} if given is None else {"Authorization": given}
        answer = small_world.call("POST", "/v2/messages", key=None, headers=headers, json={"to": ALICE})
        assert error_of(answer, 401)["code"] == "10009"
    assert small_world.telnyx.requests() == []
    assert small_world.intents() == []


def test_body_that_is_too_long_is_refused_and_a_long_one_passes(small_world):
    assert error_of(small_world.send(text="x" * 1024 * 1024), 413)["title"] == "Request Entity Too Large"
    assert small_world.telnyx.requests() == []
    assert small_world.send(text="x" * 1000 * 1000).status_code == 200


def test_long_answer_passes_whole(small_world):
    body = {"data": "x" * 3 * 1024 * 1024}
    small_world.telnyx.fault("answer", method="GET", status=200, body=body)
    assert small_world.call("GET", "/v2/messages/x").get_json() == body
    small_world.telnyx.clear_faults()
    small_world.telnyx.fault("answer", method="POST", status=200, body=body)
    answer = small_world.send()
    assert answer.get_json() == body
    assert answer.headers["Rescind-Registered"] == "no"
    assert [each.state for each in small_world.intents()] == ["unknown"]


def test_reader_who_takes_his_time_keeps_no_connection_to_telnyx_from_others(small_world):
    small_world.line._at_once = 1
    small_world.telnyx.fault("answer", method="GET", status=200, body={"data": "x" * 3 * 1024 * 1024})
    unread = [small_world.call("GET", "/v2/messages/x", buffered=False) for _ in range(3)]
    assert small_world.send().status_code == 200
    assert {len(each.data) > 3 * 1024 * 1024 for each in unread} == {True}


def test_call_that_has_been_here_before_is_stopped(small_world, telnyx_seen):
    small_world.send()
    error = error_of(small_world.send(headers={"Via": telnyx_seen[0]["HTTP_VIA"]}), 508)
    assert "TELNYX_BASE_URL" in error["detail"]
    assert len(telnyx_seen) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"to": "+15557650101"', "is not JSON"),
        (b"to=%2B15557650101", "is not JSON"),
        (b'["+15557650101"]', "not an object"),
        (b'{"to": "+15557650101", "to": "+15557650102"}', "twice"),
        (b'{"to": "5557650101"}', "country code"),
        (b'{"to": ["+15557650101", 5]}', "to: "),
        (b'{"to": "+15557650101,+15557650102"}', "country code"),
    ],
)
def test_body_that_cannot_be_judged_is_not_sent(small_world, body, told):
    answer = small_world.call("POST", "/v2/messages", data=body, content_type="application/json")
    assert told in error_of(answer, 400)["detail"]
    assert small_world.sends() == []
    assert small_world.intents() == []


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Rescind-Campaign": "x" * 256}, "Rescind-Campaign: must have"),
        ({"Rescind-Class": "marketting"}, "Rescind-Class: is not one of"),
        ({"Rescind-Tags": "a," + "b" * 101}, "Rescind-Tags[1]: must have"),
        ({"Rescind-Campagin": "x"}, "did you mean 'Rescind-Campaign'"),
    ],
)
def test_header_of_ours_that_cannot_be_read_stops_the_message(small_world, headers, told):
    assert told in error_of(small_world.send(headers=headers), 400)["detail"]
    assert small_world.sends() == []


def test_recipient_in_the_query_could_go_unjudged_and_is_refused(small_world):
    answer = small_world.call("POST", "/v2/messages?to[]=%2B15557650101", json={"text": "x"})
    assert "belongs into the body" in error_of(answer, 400)["detail"]
    assert small_world.sends() == []


def test_query_that_no_url_has_is_refused_and_passed_on_nowhere(small_world):
    answer = small_world.call("GET", f"/v2/messages?{'a' * 5000}")
    assert "longer than 4096" in error_of(answer, 400)["detail"]
    assert small_world.telnyx.requests() == []
