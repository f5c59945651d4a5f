"""The harness's teeth: ten faults are planted, and each has to be found by a check that finds nothing without it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import teeth_durability, teeth_effects
from tests.faults.figures import Failed, Figure, safety, told
from tests.faults.fleet import ROOT
from tests.faults.planting import root_with
from tests.faults.tracing import CannotTrace
from tests.faults.world import Setting, World, running

Check = Callable[[World], str | None]


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault, and the check that has to find it."""

    about: str
    check: Check
    database: str
    plant: str | None = None
    """A module of ``tests.faults.plants``."""
    sql_settings: dict[str, str] = field(default_factory=dict)
    """Or what is set at the database server."""
    environ: dict[str, str] = field(default_factory=dict)
    """With the fault and without."""
    has_failover: bool = False
    has_sql_proxy: bool = False
    rounds: int = 1
    """A fault that strikes by chance is looked for so many times."""


_FAULTS = (
    Planted(
        "PostgreSQL with synchronous_commit=off",
        teeth_durability.lost_with_the_server,
        "postgresql",
        sql_settings={"synchronous_commit": "off"},
        rounds=5,
    ),
    Planted(
        "answered 200 before the commit", teeth_durability.lost_before_its_commit, "sqlite", "answered_before_commit"
    ),
    Planted(
        "spool with synchronous=OFF",
        teeth_durability.not_on_disk_when_answered,
        "sqlite",
        "sqlite_not_synced",
        has_failover=True,
    ),
    Planted("known events in Redis alone", teeth_durability.stored_twice, "postgresql", "known_in_redis_only"),
    Planted("no sweeper", teeth_durability.left_pending, "sqlite", "no_sweeper"),
    Planted("what arrives last wins", teeth_effects.ends_by_order_of_arrival, "sqlite", "latest_arrival_wins"),
    Planted(
        "no lock on recipients",
        teeth_effects.passes_unseen,
        "postgresql",
        "no_recipient_lock",
        has_sql_proxy=True,
        rounds=5,
    ),
    Planted("Telnyx's SDK as it comes", teeth_effects.asked_too_late, "sqlite", "sdk_as_it_comes"),
    Planted(
        "freshness judged at hand-over",
        teeth_durability.genuine_held,
        "sqlite",
        "fresh_when_handed_over",
        environ={"RESCIND_TOLERANCE": teeth_durability.TOLERANCE},
        has_failover=True,
    ),
    Planted(
        "unreadable events answered 400",
        teeth_durability.genuine_given_up,
        "sqlite",
        "unreadable_refused",
        has_failover=True,
    ),
)


def run(setting: Setting) -> list[Figure]:
    """Run each check without its fault, which must find nothing, and with it, until it is found."""
    caught, alarms, skipped = 0, 0, 0
    # The database server may run as somebody else, who has to get to its folder.
    setting.folder.mkdir(parents=True, exist_ok=True)
    setting.folder.chmod(0o755)
    for number, fault in enumerate(_FAULTS):
        folder = setting.folder / str(number)
        try:
            false_alarm = _found(fault, setting, folder / "healthy", is_planted=False)
            found, rounds = _caught(fault, setting, folder)
        except CannotTrace as error:
            print(f"  skipped  {fault.about}: {error}", flush=True)
            skipped += 1
            continue
        alarms += false_alarm is not None
        caught += found is not None and false_alarm is None
        print(_line(fault, found, rounds, false_alarm), flush=True)
    return [
        safety("planted faults caught", caught, at_least=len(_FAULTS) - skipped),
        safety("checks that find something without the fault", alarms, at_most=0),
        told("skipped", skipped),
    ]


def _caught(fault: Planted, setting: Setting, folder: Path) -> tuple[str | None, int]:
    for round_number in range(1, fault.rounds + 1):
        again = dataclasses.replace(setting, seed=setting.seed + round_number)
        found = _found(fault, again, folder / f"planted-{round_number}", is_planted=True)
        if found is not None:
            return found, round_number
    return None, fault.rounds


def _found(fault: Planted, setting: Setting, folder: Path, *, is_planted: bool) -> str | None:
    is_in_code = is_planted and fault.plant is not None
    folder.mkdir(parents=True)
    with running(
        dataclasses.replace(setting, database=fault.database, folder=folder / "world"),
        workers=1,
        failover=fault.has_failover,
        sql_proxy=fault.has_sql_proxy,
        sql_settings=fault.sql_settings if is_planted else {},
        root=root_with(str(fault.plant), folder / "source") if is_in_code else ROOT,
        more_environ=fault.environ,
    ) as world:
        try:
            return fault.check(world)
        except Failed as failure:
            return f"it does not come to its end: {failure}"


def _line(fault: Planted, found: str | None, rounds: int, false_alarm: str | None) -> str:
    how = f"    by       {fault.check.__doc__}\n    found    {found or 'nothing'}, in round {rounds} of {fault.rounds}"
    verdict = "caught" if found else "MISSED"
    if false_alarm:
        return f"  UNSURE   {fault.about}\n{how}\n    without  {false_alarm}"
    return f"  {verdict}   {fault.about}\n{how}\n    without  nothing"
