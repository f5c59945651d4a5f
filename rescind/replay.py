"""``rescind replay``: apply stored events again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

from core.errors import NotFound, NotReplayable
from core.inbox import ANY_DEAD, DEAD, InboxStatus, statuses_of
from ledger import replaying, showing
from ledger.replaying import Order
from rescind import databases, output
from rescind.output import as_json, brief
from rescind.since import Since
from schemas.settings import Settings
from store import replays
from store.bell import Bell
from store.engine import Database
from store.replays import Candidate, Selection

_STATUSES = [ANY_DEAD, *(each.value for each in (*DEAD, InboxStatus.APPLIED, InboxStatus.IGNORED))]
_BY = "command line"
_FIRST = 20
_INCOMPLETE = 1
_SHADOWED = (
    "effects are off: what they say is merged, what they would cancel is recorded as a shadow decision (see"
    " `rescind why`), and nothing is cancelled because of them; --act does that"
)
_ACTING = "effects are on: what must no longer be sent is cancelled"


@dataclass(slots=True)
class _Outcome:
    """What was, or would be, replayed, and what not."""

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many of each type and status."""
    first: list[Candidate] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """Events that were asked for by name, or the first of a selection, each with why not."""
    refused: int = 0

    def take(self, rows: Sequence[Candidate]) -> None:
        self.kinds.update((row.event_type, row.status.value) for row in rows)
        self.first += rows[: _FIRST - len(self.first)]

    def refuse(self, rows: Sequence[Candidate]) -> None:
        self.refused += len(rows)
        more = rows[: max(0, _FIRST - len(self.refusals))]
        self.refusals += [(row.event_id, replaying.why_not(row) or "") for row in more]


@click.command("replay")
@click.argument("event_ids", metavar="[ID]...", nargs=-1)
@click.option("--status", type=click.Choice(_STATUSES), help="Those that stand so; dead stands for all dead letters.")
@click.option("--type", "event_type", help="Those of this type, such as message.received.")
@click.option("--since", type=Since(), help="Those received since: 2h, 3d, or a time such as 2026-02-15T14:30:00Z.")
@click.option("--act", "acts", is_flag=True, help="Cancel messages because of them; else that is only recorded.")
@click.option("--dry-run", is_flag=True, help="Show what would be replayed, and write nothing.")
@as_json
def replay_command(
    *,
    event_ids: tuple[str, ...],
    status: str | None,
    event_type: str | None,
    since: datetime | None,
    acts: bool,
    dry_run: bool,
    wants_json: bool,
) -> int:
    """Apply stored events again, by their ids or all that match every option given.

    What they say is merged, once however often it is replayed. Their effects are off unless --act is given: what
    would be cancelled is recorded as a decision in shadow mode, which `rescind why` shows.
    """
    selected = (status, event_type, since) != (None, None, None)
    if bool(event_ids) == selected:
        raise click.UsageError("give either the ids of events, or a selection by --status, --type and --since")
    settings = Settings.from_env()
    order = None if dry_run else Order(acts, _BY, datetime.now(UTC))
    with databases.opened(settings) as database:
        if event_ids:
            outcome = _by_id(database, event_ids, order)
        else:
            outcome = _by_selection(database, Selection(statuses_of(status), event_type, since), order)
    if order is not None and outcome.kinds:
        Bell(settings.redis_url).ring()
    if wants_json:
        output.print_json({"data": _shown(outcome, acts=acts, dry_run=dry_run)})
    else:
        _tell(outcome, acts=acts, dry_run=dry_run)
    return _INCOMPLETE if event_ids and outcome.refused else 0


def _by_id(database: Database, event_ids: Sequence[str], order: Order | None) -> _Outcome:
    outcome = _Outcome()
    for event_id in dict.fromkeys(event_ids):
        try:
            if order is None:
                with database.read() as connection:
                    outcome.take([replaying.look(connection, event_id)])
            else:
                with database.begin() as connection:
                    outcome.take([replaying.replay(connection, event_id, order)])
        except (NotFound, NotReplayable) as error:
            outcome.refused += 1
            outcome.refusals.append((event_id, str(error)))
    return outcome


def _by_selection(database: Database, selection: Selection, order: Order | None) -> _Outcome:
    outcome = _Outcome()
    with database.read() as connection:
        last = replays.last_seq(connection)
    opened = database.read if order is None else database.begin
    reached = 0
    with _progress() as progress:
        task = progress.add_task("", total=last)
        while reached < last:
            with opened() as connection:
                done = replaying.replay_next(connection, selection, order, after=reached, until=last)
            outcome.take(done.waiting)
            outcome.refuse(done.refused)
            reached = done.reached
            progress.update(task, completed=reached)
    return outcome


def _progress() -> Progress:
    screen = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)


def _shown(outcome: _Outcome, *, acts: bool, dry_run: bool) -> dict[str, Any]:
    return {
        "act": acts,
        "dry_run": dry_run,
        "replayed": outcome.kinds.total(),
        "kinds": [
            {"type": event_type, "status": status, "events": number}
            for (event_type, status), number in sorted(outcome.kinds.items())
        ],
        "first": [
            {
                "event_id": row.event_id,
                "event_type": row.event_type,
                "status": row.status,
                "received_at": showing.instant(row.received_at),
            }
            for row in outcome.first
        ],
        "refused": outcome.refused,
        "refusals": [{"event_id": event_id, "reason": reason} for event_id, reason in outcome.refusals],
    }


def _tell(outcome: _Outcome, *, acts: bool, dry_run: bool) -> None:
    replayed = outcome.kinds.total()
    if dry_run and replayed:
        screen = output.console()
        kinds = [(event_type, status, number) for (event_type, status), number in sorted(outcome.kinds.items())]
        screen.print(output.table(["type", "status", "events"], kinds))
        first = [
            (row.event_id, row.event_type, brief(showing.instant(row.received_at)), row.status) for row in outcome.first
        ]
        screen.print(
            output.table(["the first" if len(first) < replayed else "event", "type", "received", "status"], first)
        )
    events = "1 event" if replayed == 1 else f"{replayed} events"
    click.echo(f"{'would put' if dry_run else 'put'} {events} back, to be applied again")
    if replayed and not dry_run:
        click.echo(_ACTING if acts else _SHADOWED)
    for event_id, reason in outcome.refusals:
        click.echo(output.printable(f"not replayed: {event_id}: {reason}"), err=True)
    if outcome.refused > len(outcome.refusals):
        click.echo(f"not replayed: {outcome.refused - len(outcome.refusals)} more of the kind", err=True)
