import re

import pytest

from core.failpoints import Failpoint, Fault, Plan, plan


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        ("V0:kill", Plan(Failpoint.V0, Fault.KILL)),
        ("I1:raise", Plan(Failpoint.I1, Fault.RAISE)),
        ("D1:hang", Plan(Failpoint.D1, Fault.HANG)),
        ("W1:sleep=2.5", Plan(Failpoint.W1, Fault.SLEEP, 2.5)),
        ("W1:sleep=0", Plan(Failpoint.W1, Fault.SLEEP, 0.0)),
        ("W1:sleep=3600", Plan(Failpoint.W1, Fault.SLEEP, 3600.0)),
    ],
)
def test_plan_is_read(written, planned):
    assert plan(written) == planned


@pytest.mark.parametrize("written", ["", "V0", "V0:", "X9:kill", "V0:die", "kill:V0", "V0:sleep=long", "V0=kill"])
def test_what_is_no_plan_is_refused_with_every_place(written):
    remedy = "is no failpoint; give name:kill, :raise, :hang or :sleep=SECONDS with one of V0, I0, I1"
    with pytest.raises(ValueError, match=re.escape(remedy)):
        plan(written)


@pytest.mark.parametrize("written", ["V0:sleep", "V0:kill=3", "V0:sleep=-1", "V0:sleep=3601", "V0:sleep=nan"])
def test_only_sleeping_takes_seconds_and_it_does_take_them(written):
    remedy = "sleeps for no time; give :kill, :raise and :hang without seconds, and :sleep=SECONDS up to 3600"
    with pytest.raises(ValueError, match=re.escape(remedy)):
        plan(written)
