import pytest

from core.blocking import blocked
from core.reports import Addressee, MessageReport
from tests.reports import ALICE, BOB, NOW, OURS, message_id

TITLE = "Blocked due to STOP message"
DETAIL = f"Messages cannot be sent from '{OURS}' to '{ALICE}' due to an existing block rule."
STOPPED = {"code": "40300", "title": TITLE}
WORDS = f"40300: {TITLE}"


def report(*errors, to=((ALICE, "sending_failed"),), direction="outbound"):
    return MessageReport(
        message_id=message_id(),
        source_id="event-1",
        source="message.finalized",
        occurred_at=NOW,
        direction=direction,
        from_number=OURS,
        messaging_profile_id=None,
        addressees=tuple(Addressee(number, status, errors=errors or None) for number, status in to),
    )


GROUP = ((ALICE, "sending_failed"), (BOB, "sending_failed"))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(report(), {}, id="no errors"),
        pytest.param(report(STOPPED), {ALICE: WORDS}, id="blocked for STOP"),
        pytest.param(
            report({"code": "40300", "detail": " the recipient sent stop "}),
            {ALICE: "40300: the recipient sent stop"},
            id="told in the detail, in whatever case",
        ),
        pytest.param(report({**STOPPED, "detail": DETAIL}), {ALICE: f"{WORDS}: {DETAIL}"}, id="with the number"),
        pytest.param(report({"code": "40300", "detail": DETAIL}), {ALICE: f"40300: {DETAIL}"}, id="told by its rule"),
        pytest.param(report({"code": "40300", "title": "Destination unreachable"}), {}, id="the code's other meaning"),
        pytest.param(report({"code": "40300"}), {}, id="the code alone"),
        pytest.param(report({"code": "40300", "title": "Stopped", "detail": None}), {}, id="another word"),
        pytest.param(report({**STOPPED, "code": "40301"}), {}, id="another code"),
        pytest.param(report({**STOPPED, "title": 7}), {}, id="a title that is no text"),
        pytest.param(
            report({"code": "40008", "title": "Undeliverable"}, STOPPED), {ALICE: WORDS}, id="the second error"
        ),
        pytest.param(report(STOPPED, to=((ALICE, "delivery_failed"),)), {ALICE: WORDS}, id="delivery failed"),
        pytest.param(report(STOPPED, to=((ALICE, "delivered"),)), {}, id="delivered all the same"),
        pytest.param(report(STOPPED, direction="inbound"), {}, id="no message of ours"),
        pytest.param(report(STOPPED, to=GROUP), {}, id="a group, and nobody is named"),
        pytest.param(
            report({**STOPPED, "detail": DETAIL}, to=GROUP),
            {ALICE: f"{WORDS}: {DETAIL}"},
            id="a group, and one is named",
        ),
        pytest.param(
            report({**STOPPED, "detail": DETAIL}, to=((BOB, "sending_failed"),)), {}, id="somebody else is named"
        ),
        pytest.param(
            report({**STOPPED, "source": {"pointer": "/to/0"}}, to=GROUP),
            {ALICE: WORDS, BOB: WORDS},
            id="an error that was pointed at them, as its reader has sorted out",
        ),
    ],
)
def test_refusal_for_an_opt_out_is_told_from_every_other(told, expected):
    assert blocked(told) == expected
