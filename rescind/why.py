"""``rescind why``: the story of one message, read only, for a person or as evidence for a third party."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from core import labels
from core.errors import RequestInvalid
from ledger import exporting, forecasting, naming, story
from rescind import databases, output
from rescind.output import as_json, brief, printable
from schemas.settings import Settings

_STDOUT = "-"


@click.command("why")
@click.argument("message_id", metavar="ID")
@click.option(
    "--export",
    "into",
    metavar="[FILE|-]",
    is_flag=False,
    flag_value=_STDOUT,
    help="Write all the evidence as one JSON file, people's words included, for somebody else to verify.",
)
@as_json
def why_command(*, message_id: str, into: str | None, wants_json: bool) -> None:
    """Tell the story of one message: what was known, decided, asked of Telnyx and answered.

    ID is Telnyx's of the message, or ours of a request to send, which may have been refused. Its first characters, 8 or
    more, do where no other id begins so.
    """
    if into is not None and wants_json:
        raise click.UsageError("--export prints JSON of its own; give one of --export and --json")
    settings = Settings.from_env()
    with databases.reading(settings) as connection:
        cancel_by = forecasting.look(connection, rate=settings.cancel_rate).cancel_by
        message_id = naming.whole(connection, message_id.strip().lower())
        told = story.story(connection, message_id, cancel_by=cancel_by, now=datetime.now(UTC))
        evidence = exporting.export(connection, told) if into is not None else None
    if into is not None:
        _write(into, evidence)
    elif wants_json:
        output.print_json({"data": told})
    else:
        _show(told)


def _write(into: str, evidence: object) -> None:
    """Write to stdout, or to a new file that nobody else may read. Raises RequestInvalid when it cannot be made."""
    if into == _STDOUT:
        output.print_json(evidence)
        return
    path = Path(into)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(evidence, file, indent=2, ensure_ascii=False)
            file.write("\n")
    except FileExistsError:
        raise RequestInvalid(f"{into} is there already and is left as it is; name another file") from None
    except OSError as error:
        raise RequestInvalid(f"{into} cannot be written: {error.strerror}; name another file") from error


def _show(told: dict[str, Any]) -> None:
    screen = output.console()
    facts = _of_message(told) if told["message"] else _of_request(told["request"])
    screen.print(output.table(["", ""], [fact for fact in facts if fact[1]]))
    timeline = [(brief(entry["at"]), entry["kind"], entry["text"]) for entry in told["timeline"]]
    screen.print(output.table(["at", "", "what happened"], timeline))
    for line in _judged(told):
        click.echo(printable(line))


def _judged(told: dict[str, Any]) -> Iterator[str]:
    """Yield every decision with its verdicts, and what would have changed the outcome."""
    for each in told["decisions"]:
        if each["mode"] == "shadow" and each["policy"] is not None and _is_told_beside(each, told["decisions"]):
            continue
        slack = _slack(each["slack_seconds"])
        yield f"decided {brief(each['decided_at'])}{slack}: {each['verdict']} ({each['trigger']})"
        yield from _verdicts(each["verdicts"])
        yield ""
    if told["request"] and not told["decisions"]:
        yield from _verdicts(told["request"]["verdicts"])
        yield ""
    ordered = told["cancellation"]
    if ordered:
        yield f"cancellation ordered {brief(ordered['requested_at'])}{_slack(ordered['slack_seconds'])}"
        for asked in ordered["attempts"]:
            answer = f"answered {brief(asked['finished_at'])}" if asked["finished_at"] else "not answered"
            came_to = asked["http_status"] or asked["outcome"] or "unknown"
            yield f"  {asked['action']} {answer}{_slack(asked['slack_seconds'])}: {came_to}"
        yield ""
    if told["counterfactuals"]:
        yield "what would have changed it:"
        yield from (f"  {line}" for line in told["counterfactuals"])


def _is_told_beside(shadow: dict[str, Any], decisions: list[dict[str, Any]]) -> bool:
    """Return True when a shadow's verdicts are those of the decision that was made in the same moment."""
    return any(each["mode"] == "enforce" and each["decided_at"] == shadow["decided_at"] for each in decisions)


def _verdicts(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    for each in verdicts:
        shadow = " (shadow)" if each["mode"] == "shadow" else ""
        yield f"  {each['verdict']:<7} {each['policy']}{shadow}  {each['reason']}"
        facts = dict(each["facts"])
        if each["event_id"]:
            facts["event"] = each["event_id"]
        if each["known_at"]:
            facts["known at"] = brief(each["known_at"])
        if facts:
            yield "    " + "  ".join(f"{name}: {_plain(value)}" for name, value in facts.items())


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _slack(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f", {abs(seconds):,.0f} s {'before' if seconds >= 0 else 'after'} the deadline"


def _of_message(told: dict[str, Any]) -> list[tuple[str, object]]:
    message = told["message"]
    to = ", ".join(f"{each['phone_number']} ({each['status']})" for each in message["recipients"])
    return [
        ("message", message["id"]),
        ("request", told["request"] and told["request"]["id"]),
        ("to", to),
        *_told_by_its_sender(message),
        ("send at", brief(message["send_at"])),
        ("cancel by", brief(message["cancel_by"])),
        ("deadline", brief(message["deadline"])),
        ("ledger", message["ledger"]),
        *(("held by", _gate(each)) for each in told["held_by"]),
        ("cause", message["breach_cause"]),
        ("replaces", told["replaces"]),
        ("replaced by", told["replaced_by"]),
    ]


def _gate(hold: dict[str, Any]) -> str:
    then = (
        f"cancelled {brief(hold['cancels_at'])} unless it is lifted before" if hold["cancels_at"] else "being cancelled"
    )
    return f"{hold['kind']} {hold['id']}: {hold['reason']}; {then}"


def _of_request(request: dict[str, Any]) -> list[tuple[str, object]]:
    return [
        ("request", request["id"]),
        ("to", ", ".join(request["recipients"])),
        *_told_by_its_sender(request),
        ("send at", brief(request["send_at"])),
        ("state", request["state"]),
        ("policy", request["policy"]),
        ("reason", request["reason"]),
        ("Telnyx answered", request["http_status"]),
        ("message", request["message_id"]),
        ("replaces", request["replaces"]),
    ]


def _told_by_its_sender(shown: dict[str, Any]) -> list[tuple[str, object]]:
    """Return what policies go by, and apart from it what they do not read: so that a misspelt label shows."""
    tags = shown["tags"] or []
    unread = labels.unread(tags)
    return [
        ("campaign", shown["campaign"]),
        ("class", shown["class"]),
        ("labels", ", ".join(tag for tag in tags if tag not in unread)),
        ("other tags", ", ".join(unread)),
    ]
