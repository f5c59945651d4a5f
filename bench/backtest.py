"""How long it takes to try other policies on very many messages that were registered, judged, sent and answered."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import databases, registered, serving, targets
from core.deciding import Mode, Rules
from core.policies import catalogue
from core.reports import Addressee, InboundReport, MessageReport, Report
from ledger import backtesting
from ledger.absorbing import Heard, absorb
from ledger.registering import Registration, register
from store import decisions
from store.engine import Database

_TARGET_SECONDS = 60
_BATCH = 200
_PAGE = 500
#: Messages to each recipient; some of them are to be sent yet.
_EACH = 10
_SPAN = timedelta(days=5)
#: Of all messages; of those that ended; of all that somebody answered with STOP.
_ENDED, _FAILED, _OPTED_OUT = 0.6, 0.1, 0.01
_OURS, _PROFILE = "+13125550001", "400196d4-e32b-42c2-9654-190ffd5d9fb7"


def main(arguments: list[str]) -> int:
    """Fill each database, try every policy on it, print the times, and return 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench backtest", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--database", choices=["SQLite", "PostgreSQL"], action="append")
    options = parser.parse_args(arguments)
    kinds = options.database or ["SQLite", "PostgreSQL"]
    everything = _everything()
    took: dict[str, float] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        server = stack.enter_context(serving.postgresql(directory)) if "PostgreSQL" in kinds else None
        for kind in kinds:
            path = directory / f"{kind}.db"
            database = Database(databases.create(path, server if kind == "PostgreSQL" else None))
            began = time.perf_counter()
            _fill(database, options.messages)
            print(f"{kind}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            took[kind] = _tried(database, everything)
            database.dispose()
    print(f"\n{len(list(everything)) - 1} policies tried on {options.messages:,} messages")
    kept = [
        targets.target(f"{kind}, seconds for 100,000", seconds * 100_000 / options.messages, at_most=_TARGET_SECONDS)
        for kind, seconds in took.items()
    ]
    return 0 if all(kept) else 1


def _everything() -> Rules:
    """Return rules under which every policy acts, as far as its defaults let it."""
    settings = {policy.NAME: policy.Settings(mode=Mode.ENFORCE) for policy in catalogue.OURS}
    return catalogue.rules(**settings)


def _tried(database: Database, rules: Rules) -> float:
    backtest = backtesting.begin(rules)
    began = time.perf_counter()
    with database.read() as connection:
        seqs = decisions.last_since(connection, datetime.now(UTC) - 2 * _SPAN)
        for start in range(0, len(seqs), _PAGE):
            backtesting.look_at(connection, backtest, rules, seqs[start : start + _PAGE])
    took = time.perf_counter() - began
    for name, each in [*backtest.by_policy.items(), ("together", backtest.together)]:
        print(f"  {name:16} more {each.more:7,}  fewer {each.fewer:7,}  same {each.same:7,}")
    return took


def _fill(database: Database, count: int) -> None:
    """Live through some days: messages are registered, most are sent and answered by carriers, some by people."""
    chance = random.Random(1)
    rules, began = catalogue.rules(), datetime.now(UTC) - _SPAN
    for low in range(0, count, _BATCH):
        now = began + _SPAN * low / count
        numbers = range(low, min(low + _BATCH, count))
        with database.begin() as connection:
            register(connection, [_registration(number, now, chance) for number in numbers], rules, door="api", now=now)
        heard = [Heard(report, now) for report in _heard_of(numbers, now, chance)]
        with database.begin() as connection:
            absorb(connection, heard, rules, now=now + timedelta(seconds=1))
    registered.settle(database)


def _registration(number: int, now: datetime, chance: random.Random) -> Registration:
    report = MessageReport(
        message_id=_id(number),
        source_id=f"registration:{_id(number)}",
        source="registration",
        occurred_at=now,
        direction="outbound",
        from_number=_OURS,
        messaging_profile_id=_PROFILE,
        addressees=(Addressee(_to(number), "scheduled"),),
        send_at=now + timedelta(hours=chance.randint(1, 48)),
        details={"text": f"Sale number {number % 7}", "received_at": now.isoformat()},
    )
    return Registration(report, campaign_key=f"campaign-{number % 20}", tags=("sequence:welcome",))


def _heard_of(numbers: range, now: datetime, chance: random.Random) -> Iterator[Report]:
    for number in numbers:
        if chance.random() < _ENDED:
            yield _ended(number, "delivery_failed" if chance.random() < _FAILED else "delivered", now)
        if chance.random() < _OPTED_OUT:
            yield _answered(number, now)


def _ended(number: int, word: str, now: datetime) -> MessageReport:
    errors = ({"code": "40008", "title": "Undeliverable"},) if word == "delivery_failed" else ()
    return MessageReport(
        message_id=_id(number),
        source_id=f"ended:{number}",
        source="message.finalized",
        occurred_at=now,
        direction="outbound",
        from_number=_OURS,
        messaging_profile_id=_PROFILE,
        addressees=(Addressee(_to(number), word, errors=errors),),
        final=True,
        details={"parts": 1},
    )


def _answered(number: int, now: datetime) -> InboundReport:
    message = MessageReport(
        message_id=f"1{_id(number)[1:]}",
        source_id=f"answered:{number}",
        source="message.received",
        occurred_at=now,
        direction="inbound",
        from_number=_to(number),
        messaging_profile_id=_PROFILE,
        addressees=(Addressee(_OURS, "webhook_delivered"),),
        details={"text": "STOP"},
    )
    return InboundReport(message, "STOP", None)


def _id(number: int) -> str:
    return f"0d3c0f5a-0000-4000-8000-{number:012x}"


def _to(number: int) -> str:
    return f"+1312{5_000_000 + number // _EACH}"
