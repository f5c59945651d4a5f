"""What scheduling anew says: what can go out again and what cannot, how far it is, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ledger.rescheduling import Plan, WhyNot
from ledger.showing import instant
from rescind import output
from rescind.output import brief
from rescind.rescheduling import Fate, Result

_FIRST = 20
_WHY_NOT = {
    WhyNot.UNKNOWN_MESSAGE: "not known",
    WhyNot.NOT_CANCELLED: "not cancelled",
    WhyNot.DONE: "scheduled anew before",
    WhyNot.UNDER_WAY: "being scheduled anew at this moment",
    WhyNot.IN_DOUBT: "in doubt, see --again",
    WhyNot.SEVERAL_RECIPIENTS: "several recipients",
    WhyNot.KIND: "neither SMS nor MMS",
    WhyNot.TEXT_UNKNOWN: "text or sender not known",
    WhyNot.TOO_LATE: "too late",
    WhyNot.HELD: "a gate stands",
    WhyNot.POLICY: "a policy objects",
}
_FATES = {
    Fate.RESCHEDULED: "scheduled anew",
    Fate.STOPPED: "scheduled anew, and being cancelled again",
    Fate.CHANGED: "could not go out any more",
    Fate.DECLINED: "declined by Telnyx",
    Fate.IN_DOUBT: "in doubt: Telnyx may have accepted it",
    Fate.NOT_TRIED: "not tried",
}


def print_plans(plans: Sequence[Plan], *, is_dry: bool) -> None:
    """Print what can go out again, and what cannot and why."""
    screen = output.console()
    counts = Counter(plan.why_not for plan in plans)
    rows = [("can go out again", counts[None])]
    rows += [(f"cannot: {told}", counts[why_not]) for why_not, told in _WHY_NOT.items() if counts[why_not]]
    screen.print(output.table(["", "messages"], rows))
    able = [plan for plan in plans if plan.why_not is None]
    unable = [plan for plan in plans if plan.why_not is not None]
    if is_dry and able:
        shown = [(plan.message_id, plan.to, brief(instant(plan.send_at))) for plan in able[:_FIRST]]
        screen.print(output.table(["can go out again", "to", "send at"], shown))
    if unable:
        told = [(plan.message_id, plan.to, plan.told) for plan in unable[:_FIRST]]
        screen.print(output.table(["cannot", "to", "because"], told))
    for what, number in (("that can", len(able) if is_dry else 0), ("that cannot", len(unable))):
        if number > _FIRST:
            click.echo(f"and {number - _FIRST:,} more {what}; --json lists all")


@contextmanager
def progress(total: int) -> Iterator[Callable[[Result], None]]:
    """Show a bar on a terminal, and give what moves it on."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    fates: Counter[Fate] = Counter()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)

        def advance(result: Result) -> None:
            fates[result.fate] += 1
            told = ", ".join(f"{number:,} {fate.replace('_', ' ')}" for fate, number in fates.items())
            bar.update(task, advance=1, description=told)

        yield advance


def print_results(results: Sequence[Result], *, stopped: str | None) -> None:
    """Print what came of it."""
    counts = Counter(result.fate for result in results)
    rows = [(told, counts[fate]) for fate, told in _FATES.items() if counts[fate] or fate is Fate.RESCHEDULED]
    output.console().print(output.table(["", "messages"], rows))
    failed = [result for result in results if result.fate not in {Fate.RESCHEDULED, Fate.NOT_TRIED}]
    # First what somebody has to look after.
    failed.sort(key=lambda result: result.fate is not Fate.IN_DOUBT)
    if failed:
        told = [(each.plan.message_id, each.plan.to, _FATES[each.fate], each.told) for each in failed[:_FIRST]]
        output.console().print(output.table(["message", "to", "", "because"], told))
    if len(failed) > _FIRST:
        click.echo(f"and {len(failed) - _FIRST:,} more; --json lists all")
    if stopped:
        click.echo(f"rescind: stopped: {output.printable(stopped)}", err=True)
        click.echo("rescind: start it again to go on from where it stopped", err=True)


def shown(plans: Sequence[Plan], results: Sequence[Result], *, stopped: str | None, is_dry: bool) -> dict[str, Any]:
    """Return all of it as JSON values."""
    ended = {result.plan.message_id: result for result in results}
    return {
        "dry_run": is_dry,
        "able": sum(plan.why_not is None for plan in plans),
        "unable": dict(sorted(Counter(str(plan.why_not) for plan in plans if plan.why_not).items())),
        "outcome": dict(sorted(Counter(str(result.fate) for result in results).items())),
        "stopped": stopped,
        "messages": [_shown(plan, ended.get(plan.message_id)) for plan in plans],
    }


def _shown(plan: Plan, result: Result | None) -> dict[str, Any]:
    return {
        "id": plan.message_id,
        "to": plan.to,
        "send_at": instant(plan.send_at),
        "why_not": plan.why_not,
        "fate": result.fate if result else None,
        "told": (result.told if result else plan.told) or None,
        "replaced_by": result.replaced_by if result else None,
    }
