"""The OpenAPI document: complete, true of its own examples, and true of what the API answers to anything at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.campaigns import CarrierState
from core.inbox import InboxStatus
from ledger import absorbing
from tests.accepting import accept, mark_all, sample
from tests.api_calls import TOKEN, Api, telnyx_message, told, untouched
from tests.ledger.test_intending import WISH, answered, begun
from tests.reports import ALICE, BOB, NOW, RULES, carriers_say, heard, message_id, scheduled, status, text

EVENT_ID = "5ed9ec04-a33f-4ef2-b452-3a2989fac327"
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def api(sqlite_template, tmp_path_factory):
    """An API with something of everything in its database."""
    with untouched(sqlite_template, tmp_path_factory.mktemp("api")) as api:
        api.put("/v1/campaigns/spring", {"ends_at": "2026-06-01T00:00:00Z", "tcr_campaign_id": "CSPRING"})
        listed = [{"data": telnyx_message(number), "campaign": "spring", "tags": ["vip"]} for number in (1, 2)]
        api.post("/v1/messages", {"messages": listed})
        with api.database.begin() as connection:
            doubt = text("please stop by", sender=BOB)
            said = (text("STOP"), doubt, status(2, "delivered"), status(3), carriers_say(CarrierState.EXPIRED))
            absorbing.absorb(connection, heard(*said), RULES, now=NOW)
        stop = sample("message.received.stop")
        stop["data"]["id"] = EVENT_ID
        accept(api.database, stop)
        answered(api.database, begun(api.database, replace(WISH, recipients=(BOB,))), scheduled(4, to=(BOB,)))
        begun(api.database)
        api.post("/v1/holds", {"scope": "all", "reason": "wrong price"})
        api.post("/v1/signals", {"kind": "goal", "value": "purchase", "phone_number": ALICE})
        yield api


@pytest.fixture(scope="module")
def document(api) -> dict[str, Any]:
    answer = api.ask("GET", "/openapi.json", headers={})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.get_json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that the document describes, with where it does."""
    for method, path, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in [*bodies, *(each for each in operation["responses"].values() if "$ref" not in each)]:
            yield f"{method} {path}", body["content"]["application/json"]
    for name, response in document["components"]["responses"].items():
        yield name, response["content"]["application/json"]


def test_document_is_valid_openapi(api):
    schemathesis.openapi.from_wsgi("/openapi.json", api.wsgi).validate()


def test_document_names_every_route_and_no_other(api, document):
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/v1/")
    }
    described = {(method, path) for method, path, _ in operations(document)}
    assert described - {("POST", "/webhooks/telnyx")} == served
    assert ("POST", "/webhooks/telnyx") in described


def test_everything_is_described(document):
    seen = set()
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        if path.startswith("/v1/"):
            assert operation["responses"].keys() >= {"401", "403", "503"}, (method, path)
            seen.add(operation["operationId"])
    assert len(seen) == len([path for _, path, _ in operations(document) if path.startswith("/v1/")])
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_error_has_the_one_shape(document):
    for name, response in document["components"]["responses"].items():
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}, name


def test_examples_are_what_the_document_says(document):
    checked = 0
    for where, content in contents(document):
        examples = [each["value"] for each in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        for example in examples:
            jsonschema_rs.validator_for({**content["schema"], "components": document["components"]}).validate(example)
            checked += 1
        assert examples or where in {*document["components"]["responses"], "POST /webhooks/telnyx"}, where
    assert checked >= 15


def test_examples_of_bodies_are_taken(sqlite_database, document):
    api = Api(sqlite_database)
    (event_id,) = accept(sqlite_database, sample("message.sent"))
    mark_all(sqlite_database, InboxStatus.APPLIED)
    with sqlite_database.begin() as connection:
        absorbing.absorb(connection, heard(text("please stop by", event_id=event_id)), RULES, now=NOW)
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {"content": {}})["content"].get("application/json", {})
        bodies = [each["value"] for each in content.get("examples", {}).values()]
        bodies += [content["example"]] if "example" in content else []
        for body in bodies:
            of_something = path.replace("{key}", "summer-sale").replace("{event_id}", event_id)
            of_something = of_something.replace("{phone_number}", ALICE)
            assert api.ask(method, of_something, json=body).status_code in {200, 201, 202}, body


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/messages", "/v1/messages"),
        (f"/v1/messages/{message_id(2)}", "/v1/messages/{message_id}"),
        (f"/v1/messages/{message_id(3)}", "/v1/messages/{message_id}"),
        (f"/v1/messages/{message_id(1)}/why", "/v1/messages/{message_id}/why"),
        (f"/v1/messages/{message_id(2)}/why", "/v1/messages/{message_id}/why"),
        (f"/v1/messages/{message_id(4)}/why", "/v1/messages/{message_id}/why"),
        (f"/v1/recipients/{ALICE}", "/v1/recipients/{phone_number}"),
        ("/v1/doubts", "/v1/doubts"),
        ("/v1/campaigns", "/v1/campaigns"),
        ("/v1/campaigns/CSPRING", "/v1/campaigns/{key}"),
        ("/v1/ledger", "/v1/ledger"),
        ("/v1/holds", "/v1/holds"),
        ("/v1/events", "/v1/events"),
        ("/v1/signals", "/v1/signals"),
        (f"/v1/events/{EVENT_ID}", "/v1/events/{event_id}"),
    ],
)
def test_answer_is_what_the_document_says_and_holds_no_unnamed_field(api, document, path, route):
    check(document, api.get(path), route)


def test_story_of_a_request_without_a_message_is_what_the_document_says(api, document):
    (request,) = told(api.get(f"/v1/recipients/{ALICE}"))["requests_without_message"]
    check(document, api.get(f"/v1/messages/{request['id']}/why"), "/v1/messages/{message_id}/why")


def check(document, answer, route):
    assert told(answer)
    schema = document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    components = {
        name: each if each.get("additionalProperties") else {**each, "additionalProperties": False}
        for name, each in document["components"]["schemas"].items()
    }
    jsonschema_rs.validator_for({**schema, "components": {"schemas": components}}).validate(answer.get_json())


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_asked_the_answer_is_one_that_the_document_names(api, mode):
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    document = schemathesis.openapi.from_wsgi("/openapi.json", api.wsgi).include(path_regex="^/v1/")
    asked = set()
    for found in document.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(mode))
        def ask(case) -> None:
            asked.add(case.operation.label)
            answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
            case.validate_response(answer, checks=checks)

        ask()
    assert len(asked) >= 8
