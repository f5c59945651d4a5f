"""Gather all facts about scheduled messages, in a handful of queries for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.consent import Consent
from core.deadlines import last_look
from core.facts import Facts, Need, Reach
from core.holds import Hold
from ledger.gathering import inbound, outcomes, people, signals, spending, tallies, traffic
from ledger.gathering.campaigns import Campaigns, names_of
from ledger.gathering.subjects import Source, Subject, labels_of
from store import consents, holds, messages
from store.consents import HeardConsent
from store.messages import MessageRow, RecipientRow

Needs = Mapping[Need, tuple[Reach, ...]]

#: Where each kind of fact comes from; it stands in ``Facts`` under the name of the need.
_SOURCES: Mapping[Need, Source] = {
    Need.PEOPLE: people.find,
    Need.TRAFFIC: traffic.find,
    Need.INBOUND: inbound.find,
    Need.SIGNALS: signals.find,
    Need.OUTCOMES: outcomes.to_recipients,
    Need.SENDER_OUTCOMES: outcomes.of_senders,
    Need.TALLIES: tallies.find,
    Need.SPENDING: spending.find,
}


def gather(
    connection: sa.Connection,
    rows: Collection[MessageRow],
    needs: Needs,
    *,
    now: datetime,
    is_last: bool = False,
    recipients: Mapping[str, Sequence[RecipientRow]] = {},
    heard_until: Mapping[str, datetime] = {},
) -> dict[str, Facts]:
    """Return all that is known of each scheduled message, and what is needed besides, so far back as is needed.

    ``recipients`` are those of messages of which they are known already. For those in ``heard_until`` only that counts
    of what their recipients said which had reached us by the moment given.
    """
    found = {**recipients, **messages.recipients_of(connection, {row.id for row in rows} - recipients.keys())}
    to = {row.id: tuple(recipient.phone_number for recipient in found.get(row.id, ())) for row in rows}
    return gather_of(connection, rows, to, needs, now=now, is_last=is_last, heard_until=heard_until)


def gather_of(
    connection: sa.Connection,
    rows: Collection[MessageRow],
    to: Mapping[str, tuple[str, ...]],
    needs: Needs,
    *,
    now: datetime,
    is_last: bool = False,
    heard_until: Mapping[str, datetime] = {},
) -> dict[str, Facts]:
    """Do the same for messages that need not be held, each with the numbers that it goes ``to``."""
    words = consents.heard_from(connection, {number for numbers in to.values() for number in numbers})
    known = Campaigns(connection, {name for row in rows for name in names_of(row)})
    gates = holds.standing(connection, now=now) if rows else ()
    subjects = [subject_of(row, to[row.id], known, now) for row in rows]
    needed = found_by(_SOURCES, connection, subjects, needs)
    return {
        subject.id: facts_of(
            subject,
            is_last=is_last,
            gates=gates,
            consents=tuple(heard(subject, words, until=heard_until.get(subject.id))),
            campaigns=known.of(subject.row),
            **told_of(subject, needed),
        )
        for subject in subjects
    }


def heard(
    subject: Subject, words: Mapping[str, Sequence[HeardConsent]], *, until: datetime | None
) -> Iterator[Consent]:
    """Yield what the recipients said that had reached us by a moment, or at all."""
    for number in subject.recipients:
        yield from (each.word for each in words.get(number, ()) if until is None or each.received_at <= until)


def facts_of(subject: Subject, *, is_last: bool, gates: Sequence[Hold], **known: Any) -> Facts:  # noqa: ANN401 - as the fields of Facts
    """Return what its row tells of a message, which of these gates it meets, and what is known besides."""
    return Facts(
        now=subject.now,
        message_id=subject.id,
        send_at=subject.send_at,
        scheduled_at=subject.row.scheduled_at or subject.row.registered_at or subject.now,
        message_class=subject.message_class,
        messaging_profile_id=subject.row.messaging_profile_id,
        recipients=subject.recipients,
        from_number=subject.row.from_number,
        campaign_key=subject.row.campaign_key,
        fingerprint=subject.row.fingerprint,
        labels=subject.labels,
        holds=tuple(
            hold
            for hold in gates
            if _covers(hold, subject) and not (is_last and hold.has_expired(last_look(subject.send_at)))
        ),
        is_last=is_last,
        **known,
    )


def subject_of(row: MessageRow, recipients: tuple[str, ...], known: Campaigns, now: datetime) -> Subject:
    """Return a pending message as one that is decided on at this moment."""
    assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
    return Subject(row, recipients, known.names_of(row), now, row.send_at, labels_of(row))


def found_by(
    sources: Mapping[Need, Source], connection: sa.Connection, subjects: Sequence[Subject], needs: Needs
) -> dict[Need, Mapping[str, Any]]:
    """Return what is needed besides, by the need and the message's id; only what somebody looks at is gathered."""
    return {need: _found(sources[need], connection, subjects, reaches) for need, reaches in needs.items()}


def _found(
    source: Source, connection: sa.Connection, subjects: Sequence[Subject], reaches: tuple[Reach, ...]
) -> Mapping[str, Any]:
    concerned = [each for each in subjects if any(reach.concerns(each.labels, each.message_class) for reach in reaches)]
    back = max(reach.back for reach in reaches)
    return source(connection, concerned, back) if concerned else {}


def told_of(subject: Subject, needed: Mapping[Need, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what was found for one message, by the names that it has in ``Facts``."""
    return {need: told[subject.id] for need, told in needed.items() if subject.id in told}


def _covers(hold: Hold, subject: Subject) -> bool:
    return hold.covers(
        campaigns=subject.campaigns,
        sender=subject.row.from_number,
        recipients=subject.recipients,
        profile=subject.row.messaging_profile_id,
    )
