"""What holds for every query of the HTTP API."""

from __future__ import annotations

import pytest

from tests.api_calls import Api, refused

QUERIES = [
    "/v1/messages?to=%2B15557650101&to=%2B15557650102",
    "/v1/messages?ledger=pending&ledger=pending",
    "/v1/ledger?by=campaign&by=day",
    "/v1/events?status=pending&status=dead",
    "/v1/campaigns?limit=1&limit=2",
    "/v1/holds?kind=hold&kind=panic",
]


@pytest.mark.parametrize("path", QUERIES)
def test_parameter_that_is_given_twice_is_422_and_named(sqlite_database, path):
    name = path.partition("?")[2].partition("=")[0]
    assert refused(Api(sqlite_database).get(path), 422)["message"] == f"{name}: is given 2 times; give it once"


def test_query_of_a_deletion_is_read_the_same_way(sqlite_database):
    answer = Api(sqlite_database).ask("DELETE", "/v1/holds/00000000-0000-4000-8000-000000000001?reason=a&reason=b")
    assert refused(answer, 422)["message"] == "reason: is given 2 times; give it once"


def test_parameter_that_nobody_knows_is_shown_as_one_line(sqlite_database):
    answer = Api(sqlite_database).get("/v1/messages?a%0Ab=1&a%0Ab=2")
    assert refused(answer, 422)["message"] == r"'a\nb': is given 2 times; give it once"
