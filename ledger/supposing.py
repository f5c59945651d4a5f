"""Tell of a message, or of a request that was refused, what would have changed how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.counterfactuals import Judged, Late, Said, of_breach, of_decision
from core.deadlines import last_look
from core.deciding import Act, Mode, Verdict
from core.intents import IntentState
from core.outcomes import BreachCause, LedgerState
from store.cancellations import Cancellation
from store.decisions import DecisionRow
from store.intents import IntentRow
from store.messages import MessageRow


def of_message(row: MessageRow, made: Sequence[DecisionRow], ordered: Cancellation | None) -> list[str]:
    """Return what would have changed the outcome of a message, by the decision that stands; none without one."""
    if row.send_at is None:
        return []
    if row.ledger == LedgerState.BREACH and row.breach_cause:
        return of_breach(
            Late(
                BreachCause(row.breach_cause),
                row.send_at,
                known_at=ordered.known_at if ordered else None,
                registered_at=row.registered_at,
            )
        )
    stands = next((each for each in reversed(made) if each.mode == Mode.ENFORCE), None)
    if stands is None:
        return []
    is_open = row.ledger == LedgerState.PENDING
    return of_decision(
        Judged(_said(stands.verdicts), row.send_at, is_last=_is_last(stands, row.send_at), is_open=is_open)
    )


def of_request(row: IntentRow) -> list[str]:
    """Return what would have changed that a request was refused; none for one that was not."""
    if row.state != IntentState.REFUSED:
        return []
    # What goes out at once is not looked at again.
    send_at = row.send_at or row.created_at
    is_last = row.created_at >= last_look(send_at)
    return of_decision(Judged(_said(row.verdicts or []), send_at, is_last=is_last))


def _is_last(stands: DecisionRow, send_at: datetime) -> bool:
    """Return True when nothing was to be decided after it; a last look may be earlier than usual, and tells so."""
    is_held_to_the_last = stands.verdict == Act.CANCEL and not any(
        each["mode"] == Mode.ENFORCE and each["verdict"] == Act.CANCEL for each in stands.verdicts
    )
    return is_held_to_the_last or stands.decided_at >= last_look(send_at)


def _said(kept: Sequence[Mapping[str, Any]]) -> tuple[Said, ...]:
    return tuple(
        (Mode(each["mode"]), Verdict(Act(each["verdict"]), each["policy"], each["reason"], each["facts"]))
        for each in kept
    )
