from __future__ import annotations

import pytest

from rescind.demo.verdict import Expected, faults

EXPECTED = Expected(cancelled={"a", "b"}, kept={"c"}, delivered={"d"})
STATUS = {"a": "cancelled", "b": "cancelled", "c": "scheduled", "d": "delivered"}
LEDGER = {"registered": 3, "pending": 1, "cancelled": 2, "released": 0, "breach": 0}


def judged(*, status=(), deleted=("a", "b"), **ledger):
    return faults(
        EXPECTED,
        messages=[{"id": each, "to": [{"status": held}]} for each, held in (STATUS | dict(status)).items()],
        requests=[
            {"method": "POST", "path": "/v2/messages"},
            *({"method": "DELETE", "path": f"/v2/messages/{each}"} for each in deleted),
        ],
        ledger=LEDGER | ledger,
    )


def test_all_as_it_should_be_has_no_faults():
    assert judged() == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param({"status": {"a": "scheduled"}}, "1 messages not cancelled at Telnyx: a", id="missed"),
        pytest.param({"status": {"a": "sent"}}, "1 messages not cancelled at Telnyx: a", id="sent"),
        pytest.param({"status": {"c": "cancelled"}}, "1 messages no longer scheduled at Telnyx: c", id="too many"),
        pytest.param({"status": {"d": "sending"}}, "1 messages not delivered: d", id="not delivered"),
        pytest.param(
            {"deleted": ("a", "b", "c")}, "1 messages asked to be cancelled without a reason: c", id="asked in vain"
        ),
        pytest.param({"cancelled": 1, "pending": 2}, "the ledger says pending is 2, it should be 1", id="wrong ledger"),
        pytest.param({"registered": 4}, "the ledger says registered is 4, it should be 3", id="one too many"),
        pytest.param({"released": 1}, "the ledger says released is 1, it should be 0", id="let go"),
        pytest.param({"breach": 1}, "the ledger says breach is 1, it should be 0", id="breach"),
    ],
)
def test_what_went_wrong_is_told(wrong, told):
    assert told in judged(**wrong)
