"""What tests of trying out rules do with the ledger: at any moment, under any rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.deciding import Mode
from core.holds import HoldKind
from core.policies import catalogue, duplicate, hard_failure
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import backtesting, campaigning, holding, signalling
from ledger.absorbing import absorb
from ledger.campaigning import CampaignChange
from ledger.holding import Gate
from ledger.registering import register
from ledger.reviewing import review
from schemas import policies as files
from store import decisions
from tests.reports import NOW, heard, status

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=30)

#: Everything acts that looks at anything; the budget's facts cannot be told any more.
EVERYTHING = rules(
    **files.parse(
        b"""
        [quiet_hours]
        mode = "enforce"
        default_zone = "America/New_York"
        [frequency_cap]
        mode = "enforce"
        [duplicate]
        mode = "enforce"
        [hard_failure]
        mode = "enforce"
        [soft_failures]
        mode = "enforce"
        [sender_state]
        mode = "enforce"
        [anomaly]
        mode = "enforce"
        least = 2
        [stale_campaign]
        paused = "hold"
        """,
        files.FILE,
    )
)


WITHOUT_NIGHT = rules(
    duplicate=duplicate.Settings(mode=Mode.ENFORCE), hard_failure=hard_failure.Settings(mode=Mode.ENFORCE)
)
#: Nobody objects to anything, but for an operator's gates.
NOTHING = rules(**{policy.NAME: policy.Settings(mode=Mode.OFF) for policy in catalogue.OURS})


def backtested(database, by, *, since=LONG_AGO, campaign=None, page=500):
    backtest = backtesting.begin(by)
    with database.read() as connection:
        seqs = decisions.last_since(connection, since, campaign=campaign)
        for start in range(0, len(seqs), page):
            backtesting.look_at(connection, backtest, by, seqs[start : start + page])
    return backtest


def registered(database, *registrations, by=EVERYTHING, now=NOW):
    with database.begin() as connection:
        register(connection, registrations, by, door="api", now=now)


def told(database, *reports, by=EVERYTHING, now=NOW):
    with database.begin() as connection:
        absorb(connection, heard(*reports, received_at=now), by, now=now)


def held(database, *, scope=Scope.ALL, value="", now=NOW):
    with database.begin() as connection:
        gate = Gate(HoldKind.HOLD, scope, value, "price wrong", now + timedelta(hours=24), by="test")
        return holding.place(connection, gate, now=now).row.hold.id


def lifted(database, hold_id, now):
    with database.begin() as connection:
        holding.lift(connection, hold_id, by="test", reason="mended", now=now)


def changed(database, key, now, **wanted):
    with database.begin() as connection:
        campaigning.change(connection, key, CampaignChange(**wanted), cause=f"campaign:{now}", now=now)


def signalled(database, signal, now, by=EVERYTHING):
    with database.begin() as connection:
        signalling.hear(connection, [signal], by, now=now)


def reviewed(database, now, by=EVERYTHING):
    for _ in range(10):
        with database.begin() as connection:
            if review(connection, by, now=now, limit=100) is None:
                return


def ended(number, word, to, minute=0, code="40001"):
    report = status(number, word, to=(to,), minute=minute)
    errors = ({"code": code, "title": "it failed"},) if word == "delivery_failed" else ()
    return replace(report, addressees=tuple(replace(each, errors=errors) for each in report.addressees))
