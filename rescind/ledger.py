"""``rescind ledger``: where all registered messages stand, whether the rest will be in time, and what was missed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date as Date  # noqa: N812 - named as a type
from typing import Any

import click

from core.errors import SettingsError
from ledger import balance, breaches, forecasting, unanswered
from rescind import databases, doubted, output
from rescind.output import as_json, brief
from schemas.api_ledger import By
from schemas.settings import Settings
from store.sums import ALL, Narrowed
from workers.runtime import now

_STATES = ("registered", "pending", "cancelled", "released", "breach")
_CAUSES = "breach_causes"
_BESIDE = {
    "in_doubt": "in doubt: requests to schedule whose answer was lost, see --in-doubt",
    "orphans": "orphans: sent on schedule without having come in through any door",
    "held": "held by an operator",
    "cancelling": "being cancelled",
}


class Day(click.ParamType[Date]):
    """Reads ``2026-05-01`` as that day."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Date:
        """Return the day."""
        if isinstance(value, Date):
            return value
        try:
            return Date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-05-01", param, ctx)


@click.command("ledger")
@click.option("--by", type=click.Choice([each.value for each in By]), help="List the sums by this.")
@click.option("--campaign", help="Count only the messages of this campaign.")
@click.option("--since", type=Day(), help="Count only those to be sent on this day (UTC) or later.")
@click.option("--until", type=Day(), help="Count only those to be sent on this day (UTC) or earlier.")
@click.option("--breaches", "wants_breaches", is_flag=True, help="List what should have been cancelled and was not.")
@click.option("--in-doubt", "wants_doubts", is_flag=True, help="List the requests in doubt whose time is to come.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many are listed.")
@as_json
def ledger_command(
    *,
    by: str | None,
    campaign: str | None,
    since: Date | None,
    until: Date | None,
    wants_breaches: bool,
    wants_doubts: bool,
    limit: int,
    wants_json: bool,
) -> None:
    """Show how many messages were registered, and where they stand; the four add up.

    Beside them, and no part of the sums: what is in doubt, what came through no door, what is held, and whether the
    cancellations that wait will be in time.
    """
    if sum((by is not None, wants_breaches, wants_doubts)) > 1:
        raise click.UsageError("--by, --breaches and --in-doubt are three listings; give one of them")
    if since is not None and until is not None and since > until:
        raise SettingsError(f"--since {since} is after --until {until}; no day is both")
    narrowed = Narrowed(campaign, since, until)
    if wants_breaches:
        _show_breaches(narrowed, limit=limit, wants_json=wants_json)
    elif wants_doubts:
        _show_doubts(narrowed, limit=limit, wants_json=wants_json)
    elif by is not None:
        _show_groups(By(by), narrowed, limit=limit, wants_json=wants_json)
    else:
        _show_sums(narrowed, wants_json=wants_json)


def _show_sums(narrowed: Narrowed, *, wants_json: bool) -> None:
    settings = Settings.from_env()
    with databases.reading(settings) as connection:
        if narrowed == ALL:
            prospect = forecasting.look(connection, rate=settings.cancel_rate)
            sums = balance.shown(connection, prospect, now=now())
        else:
            sums = balance.shown_of(connection, narrowed, now=now())
    if wants_json:
        output.print_json({"data": sums})
        return
    rows = [(state, sums[state]) for state in _STATES]
    rows += [(f"  breach: {cause}", number) for cause, number in sorted(sums[_CAUSES].items())]
    screen = output.console()
    screen.print(output.table(["", "messages"], rows))
    beside = [(told, sums[name]) for name, told in _BESIDE.items() if name in sums]
    screen.print(output.table(["beside the sums", ""], beside))
    if "forecast" in sums:
        screen.print(output.cell(_told(sums["forecast"])))


def _told(forecast: dict[str, Any]) -> str:
    if not forecast["waiting"]:
        return "No cancellation waits."
    told = (
        f"{forecast['waiting']} cancellations wait, at {forecast['rate']:g} a second until {brief(forecast['done_at'])}"
    )
    if forecast["makes_it"]:
        return f"{told}: all will be in time."
    return (
        f"{told}: {forecast['late']} WILL BE LATE, the first at {brief(forecast['first_late_at'])}. "
        "Raise RESCIND_CANCEL_RATE, and ask Telnyx for a higher limit."
    )


def _show_groups(by: By, narrowed: Narrowed, *, limit: int, wants_json: bool) -> None:
    groups: list[dict[str, Any]]
    with databases.reading(Settings.from_env()) as connection:
        if by is By.CAMPAIGN:
            campaigns = balance.by_campaign(connection, narrowed, limit=limit)
            groups = [{by.value: name, **asdict(sums)} for name, sums in campaigns]
        else:
            days = balance.by_day(connection, narrowed, limit=limit)
            groups = [{by.value: day.isoformat(), **asdict(sums)} for day, sums in days]
    if wants_json:
        output.print_json({"data": groups})
        return
    rows = [(each[by] or "(none)", *(each[state] for state in _STATES), _listed(each[_CAUSES])) for each in groups]
    output.console().print(output.table([by, *_STATES, "causes"], rows))


def _listed(causes: dict[str, int]) -> str:
    return ", ".join(f"{cause} {number}" for cause, number in sorted(causes.items()))


def _show_breaches(narrowed: Narrowed, *, limit: int, wants_json: bool) -> None:
    with databases.reading(Settings.from_env()) as connection:
        listed = breaches.listed(connection, narrowed, limit=limit)
    if wants_json:
        output.print_json({"data": listed})
        return
    columns = ["message", "campaign", "send at", "cause", "minutes late", "reason"]
    rows = [
        (each["id"], each["campaign"], brief(each["send_at"]), each["cause"], each["late_minutes"], each["reason"])
        for each in listed
    ]
    output.console().print(output.table(columns, rows))


def _show_doubts(narrowed: Narrowed, *, limit: int, wants_json: bool) -> None:
    at = now()
    with databases.reading(Settings.from_env()) as connection:
        number = unanswered.count(connection, narrowed, now=at)
        listed = unanswered.listed(connection, narrowed, now=at, limit=limit)
    if wants_json:
        output.print_json({"data": listed})
        return
    if not listed:
        click.echo("nothing is in doubt")
        return
    columns = ["request", "to", "campaign", "send at", "asked at", "reason"]
    rows = [
        (
            each["id"],
            ", ".join(each["recipients"]),
            each["campaign"],
            *(brief(each[name]) for name in ("send_at", "created_at")),
            each["reason"],
        )
        for each in listed
    ]
    output.console().print(output.table(columns, rows))
    click.echo(doubted.told(number))
