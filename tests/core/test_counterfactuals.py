"""What would have changed an outcome, for every way in which verdicts combine and every way of being late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.counterfactuals import Judged, Late, of_breach, of_decision
from core.deciding import Act, Mode, Verdict
from core.outcomes import BreachCause
from tests.policy_cases import NOW

SEND_AT = NOW + timedelta(hours=3)
ALLOW, HOLD, CANCEL = Act
ENFORCE, SHADOW, _ = Mode
WALL, LAST_LOOK = "2026-05-01 14:59:00 UTC", "2026-05-01 14:57:00 UTC"


def said(policy, act, mode=ENFORCE):
    return mode, Verdict(act, policy, f"{policy} says {act}")


def judged(*verdicts, **more):
    return of_decision(Judged(verdicts, SEND_AT, **more))


@pytest.mark.parametrize(
    ("verdicts", "more", "lines"),
    [
        pytest.param([], {}, [f"no policy that is enforced objected; one would have had to, by {WALL}"], id="none"),
        pytest.param(
            [said("opt_out", ALLOW)],
            {"is_open": True},
            [f"no policy that is enforced objects; one that does by {WALL} can still keep it"],
            id="allowed, and pending",
        ),
        pytest.param(
            [said("opt_out", CANCEL), said("expired", ALLOW)],
            {},
            ["without opt_out it would have been released"],
            id="one cancels",
        ),
        pytest.param(
            [said("opt_out", CANCEL), said("campaign_status", CANCEL)],
            {},
            ["2 policies cancelled: opt_out and campaign_status; both would have had to allow"],
            id="two cancel",
        ),
        pytest.param(
            [said("a", CANCEL), said("b", CANCEL), said("c", CANCEL)],
            {},
            ["3 policies cancelled: a, b and c; all would have had to allow"],
            id="three cancel",
        ),
        pytest.param(
            [said("opt_out", CANCEL), said("quiet_hours", HOLD)],
            {},
            ["without opt_out quiet_hours would still have held it"],
            id="a hold remains",
        ),
        pytest.param(
            [said("a", CANCEL), said("b", CANCEL), said("c", HOLD)],
            {},
            ["2 policies cancelled: a and b; both would have had to allow, and even then c would still have held it"],
            id="a hold remains behind two",
        ),
        pytest.param(
            [said("opt_out", CANCEL), said("quiet_hours", HOLD)],
            {"is_last": True},
            ["2 policies cancelled: opt_out and quiet_hours; both would have had to allow"],
            id="a hold cancels at the last look",
        ),
        pytest.param(
            [said("hold", HOLD)],
            {"is_last": True},
            ["without hold it would have been released", f"lifted before {LAST_LOOK} it would have gone out"],
            id="held to the last",
        ),
        pytest.param(
            [said("hold", HOLD)],
            {"is_open": True},
            ["without hold it would be free to go", f"lifted before {LAST_LOOK} it would go out"],
            id="held, and pending",
        ),
        pytest.param(
            [said("hold", HOLD), said("quiet_hours", HOLD)],
            {},
            [
                "2 policies held: hold and quiet_hours; both would have had to allow",
                f"had hold and quiet_hours allowed it before {LAST_LOOK} it would have gone out",
            ],
            id="two hold",
        ),
        pytest.param(
            [said("opt_out", ALLOW), said("quiet_hours", HOLD, SHADOW)],
            {},
            [
                f"no policy that is enforced objected; one would have had to, by {WALL}",
                "enforcing quiet_hours would have held it",
            ],
            id="a shadow holds",
        ),
        pytest.param(
            [said("quiet_hours", HOLD, SHADOW)],
            {"is_last": True},
            [
                f"no policy that is enforced objected; one would have had to, by {WALL}",
                "enforcing quiet_hours would have cancelled it",
            ],
            id="a shadow holds to the last",
        ),
        pytest.param(
            [said("opt_out", CANCEL), said("quiet_hours", HOLD, SHADOW)],
            {},
            ["without opt_out it would have been released"],
            id="a shadow that changes nothing",
        ),
    ],
)
def test_decision_tells_what_would_have_changed_it(verdicts, more, lines):
    assert judged(*verdicts, **more) == lines


def late(cause, **more):
    (line,) = of_breach(Late(cause, SEND_AT, **more))
    return line


@pytest.mark.parametrize(
    ("cause", "more", "line"),
    [
        (
            BreachCause.INSIDE_WALL,
            {"known_at": SEND_AT - timedelta(seconds=20)},
            f"known 41 s earlier, by {WALL}, it could have been cancelled",
        ),
        (
            BreachCause.REGISTERED_TOO_LATE,
            {"registered_at": SEND_AT - timedelta(seconds=60)},
            f"registered 1 s earlier, by {WALL}, it could have been cancelled",
        ),
        (
            BreachCause.WORKER_LATE,
            {"known_at": SEND_AT - timedelta(seconds=90)},
            f"asked of Telnyx by {WALL}, the cancellation could have been in time; the reason was known 30 s before",
        ),
        (BreachCause.INSIDE_WALL, {}, f"known by {WALL}, it could have been cancelled"),
    ],
)
def test_breach_tells_how_much_earlier_would_have_done(cause, more, line):
    assert late(cause, **more) == line


@pytest.mark.parametrize("cause", BreachCause)
def test_every_cause_of_a_breach_is_told_in_one_line(cause):
    assert late(cause)
