"""``rescind backtest``: what a file of policies would have made of the messages that were decided on lately."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from rich.console import Console
from rich.progress import track

from core.comparing import Comparison, Opinion, Pair
from core.deciding import Rules
from core.policies import catalogue
from ledger import backtesting
from ledger.backtesting import Backtest
from ledger.showing import instant
from rescind import databases, output, policy_files
from rescind.output import as_json
from rescind.since import Since
from schemas.settings import Settings
from store import decisions

_COLUMNS = ("policy", "mode", "cancel then", "now", "hold then", "now", "more", "fewer", "same")
_TOGETHER = "all that is enforced"
_PAGE = 500


@click.command("backtest")
@click.option("--policies", "file", type=policy_files.readable, required=True, help="The file to try; - reads stdin.")
@click.option("--since", type=Since(), default="7d", show_default=True, help="7d, 12h, or a time with its zone.")
@click.option("--campaign", help="Only the messages of this campaign, by its key or its id at the registry.")
@as_json
def backtest_command(*, file: Path, since: datetime, campaign: str | None, wants_json: bool) -> None:
    """Decide anew, by another file of policies, on the messages that were decided on since; nothing is done.

    Each message is judged by what was known at the moment of the decision that stands for it. What is said then and
    now is set side by side: how much would be cancelled or held more, how much less, and examples of each.
    """
    rules = catalogue.rules(**policy_files.read(file))
    backtest = backtesting.begin(rules)
    with databases.reading(Settings.from_env()) as connection:
        _go_through(connection, backtest, rules, decisions.last_since(connection, since, campaign=campaign))
    if wants_json:
        output.print_json({"data": _shown(backtest, rules, since, campaign)})
        return
    _print(backtest, file, since, campaign)


def _go_through(connection: sa.Connection, backtest: Backtest, rules: Rules, seqs: list[int]) -> None:
    console = Console(stderr=True)
    pages = [seqs[start : start + _PAGE] for start in range(0, len(seqs), _PAGE)]
    for page in track(pages, "trying", console=console, transient=True, disable=not console.is_terminal):
        backtesting.look_at(connection, backtest, rules, page)


def _print(backtest: Backtest, file: Path, since: datetime, campaign: str | None) -> None:
    of = f" of campaign {campaign}" if campaign else ""
    tried = backtest.together.tried
    what = f"{policy_files.named(file)} tried on {tried:,} messages{of}"
    click.echo(output.printable(f"{what} decided on since {since:%Y-%m-%d %H:%M} UTC"))
    if not tried:
        return
    asked = [(name, each) for name, each in backtest.by_policy.items() if each.tried]
    comparisons = [*asked, (_TOGETHER, backtest.together)]
    output.console().print(output.table(_COLUMNS, [_row(name, each) for name, each in comparisons]))
    for name, each in comparisons:
        for word, count, pairs in (
            ("more", each.more, each.examples_of_more),
            ("fewer", each.fewer, each.examples_of_fewer),
        ):
            for line in _examples(f"{name}: {count:,} {word}", pairs):
                click.echo(output.printable(line))
    for name in backtest.untried:
        click.echo(f"{name} was not tried: what it goes by is not kept; what it said then is taken over")


def _row(name: str, each: Comparison) -> tuple[object, ...]:
    counts = (each.cancel_then, each.cancel_now, each.hold_then, each.hold_now, each.more, each.fewer, each.same)
    return name, each.mode, *(f"{count:,}" for count in counts)


def _examples(heading: str, pairs: list[Pair]) -> Iterable[str]:
    if pairs:
        yield f"{heading}, such as"
    for pair in pairs:
        yield f"  {pair.message_id}, decided {pair.at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"    then {pair.then.act}: {pair.then.reason}"
        yield f"    now  {pair.now.act}: {pair.now.reason}"


def _shown(backtest: Backtest, rules: Rules, since: datetime, campaign: str | None) -> dict[str, Any]:
    return {
        "since": instant(since),
        "campaign": campaign,
        "rules": rules.digest,
        "messages": backtest.together.tried,
        "together": _compared(backtest.together),
        "policies": {name: {"mode": each.mode, **_compared(each)} for name, each in backtest.by_policy.items()},
        "untried": list(backtest.untried),
    }


def _compared(each: Comparison) -> dict[str, Any]:
    return {
        "then": {"cancel": each.cancel_then, "hold": each.hold_then},
        "now": {"cancel": each.cancel_now, "hold": each.hold_now},
        "more": each.more,
        "fewer": each.fewer,
        "same": each.same,
        "examples": {
            "more": [_pair(pair) for pair in each.examples_of_more],
            "fewer": [_pair(pair) for pair in each.examples_of_fewer],
        },
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "message_id": pair.message_id,
        "decided_at": instant(pair.at),
        "then": _opinion(pair.then),
        "now": _opinion(pair.now),
    }


def _opinion(opinion: Opinion) -> dict[str, str]:
    return {"verdict": opinion.act, "reason": opinion.reason}
