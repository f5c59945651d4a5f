"""Absorb events: one transaction merges a batch into messages, consent and campaigns, and decides what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.consent import ConsentKind
from core.deciding import Rules
from core.reports import CampaignReport, InboundReport, MessageReport, Report, SpendLimitReport
from core.statuses import Status
from ledger import (
    campaigning,
    deciding,
    failing,
    hearing,
    hindsight,
    leaving,
    meeting,
    orphans,
    recording,
    replying,
    settling,
    spend_limits,
)
from ledger.deciding import Cause
from store import consents, holds
from store.consents import HeardConsent


@dataclass(frozen=True, slots=True)
class Heard:
    """One event's meaning, and when it first reached us."""

    report: Report
    received_at: datetime
    acts: bool = True
    """False for a replay whose effects are off: merged like any other, decided on in shadow mode."""
    source: str = "webhook"
    """The way it came."""

    def cause(self, event_id: str) -> Cause:
        """Return it as the cause of decisions."""
        return Cause(event_id, self.received_at, self.acts)


def absorb(connection: sa.Connection, batch: Sequence[Heard], rules: Rules, *, now: datetime) -> None:
    """Merge a batch of events; the rows come out the same for any order and any repetition of the events."""
    # The first of all locks; a last look that was missed, or a message that is met, asks for it again.
    holds.keep(connection)
    told = [each.report.message if isinstance(each.report, InboundReport) else each.report for each in batch]
    of_messages = [report for report in told if isinstance(report, MessageReport)]
    expected = meeting.awaited(connection, of_messages)
    campaigning.hear(
        connection,
        [
            (heard.report, heard.cause(heard.report.source_id))
            for heard in batch
            if isinstance(heard.report, CampaignReport)
        ],
        besides=expected.campaigns,
        now=now,
    )
    limits = [(each.report, each) for each in batch if isinstance(each.report, SpendLimitReport)]
    spend_limits.hear(connection, [(report, each.cause(report.source_id)) for report, each in limits], rules)
    texts = [(each.report, each) for each in batch if isinstance(each.report, InboundReport)]
    writing = replying.writers([(text, each.cause(text.message.source_id)) for text, each in texts], rules)
    reported = [(each.report, each) for each in batch if isinstance(each.report, MessageReport)]
    ended = failing.heard([(report, each.cause(report.source_id)) for report, each in reported], rules)
    besides = expected.recipients | writing.keys() | ended.recipients
    spoken, refused = _words(connection, batch, rules, besides=besides, now=now)
    concerned = replying.pending(connection, spoken)
    let_go = hindsight.let_go(connection, refused)
    answered = {of: why for of, why in replying.pending(connection, writing).items() if of not in concerned}

    failed = replying.pending(connection, failing.concerned(connection, ended, rules, now=now))
    before = failing.standing(connection, ended, rules, now=now)

    named = {report.message_id for report in of_messages}
    held = recording.hold(connection, named | concerned.keys() | let_go.keys() | answered.keys() | failed.keys())
    recorded = recording.record(connection, held, of_messages, now=now)
    rows = {**held, **recorded.messages}
    regretted = hindsight.take_back(connection, [rows[of] for of in let_go], let_go, rules, now=now)
    rows |= {row.id: row for row in regretted}
    concerned |= {row.id: let_go[row.id] for row in regretted}
    answered = replying.minding(rows, answered, rules)
    # Decided before anything is closed: an opt-out that came in time counts, though the message went out meanwhile.
    # How a message itself ended is no reason to cancel it.
    failed = {of: why for of, why in failed.items() if of not in concerned.keys() | answered.keys() | recorded.left}
    for trigger, causes in (("consent", concerned), ("reply", answered), ("failure", failed)):
        deciding.decide_on(connection, [rows[of] for of in causes], rules, trigger=trigger, causes=causes, now=now)
    failing.call_for_reviews(connection, ended, before, rules, now=now)
    gone = [row for row in recorded.messages.values() if row.ledger is not None and row.id in recorded.left]
    leaving.left(connection, gone, rules, now=now)
    settling.cancelled_elsewhere(connection, _told_cancelled(of_messages), now=now)
    met = meeting.meet(connection, recorded.messages, of_messages, rules, expected=expected, now=now)
    orphans.note(connection, {**recorded.messages, **met}, of_messages)


def _told_cancelled(reports: Sequence[MessageReport]) -> set[str]:
    told = ((each.status, report.message_id) for report in reports for each in report.addressees)
    return {message_id for status, message_id in told if status == Status.CANCELLED}


def _words(
    connection: sa.Connection, batch: Sequence[Heard], rules: Rules, *, besides: frozenset[str], now: datetime
) -> tuple[dict[str, Cause], dict[str, Cause]]:
    """Keep what was said about consent, and return for each number that spoke why to decide on its messages.

    The second is the same for what refuses, or may, and is news. ``besides`` are further recipients to hold, since all
    are to be held at once. A word that is held already, of an event that is replayed, is kept once and decided on
    again: the first time its effects may have been off.
    """
    said = [
        (word, heard)
        for heard in batch
        for word in hearing.words_in(heard.report, received_at=heard.received_at, source=heard.source)
    ]
    consents.lock_recipients(connection, {word.word.phone_number for word, _ in said} | besides)
    new = hearing.keep(connection, [word for word, _ in said])
    refusing = {word.word.phone_number for word, _ in said if word.word.kind is ConsentKind.OPT_OUT}
    meeting.raise_alarm(connection, refusing, rules, now=now)
    spoken: dict[str, Cause] = {}
    refused: dict[str, Cause] = {}
    for word, heard in sorted(said, key=_by_weight):
        cause = heard.cause(word.word.event_id)
        spoken.setdefault(word.word.phone_number, cause)
        if word.word.kind is not ConsentKind.OPT_IN and word.word.event_id in new and heard.acts:
            refused.setdefault(word.word.phone_number, cause)
    return spoken, refused


def _by_weight(said: tuple[HeardConsent, Heard]) -> tuple[bool, datetime, str]:
    """Sort causes: those that act first, then by when they reached us."""
    word, heard = said
    return not heard.acts, heard.received_at, word.word.event_id
