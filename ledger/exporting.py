"""The story of one message with all that it rests on, so that somebody else can verify it without our database."""

from __future__ import annotations

import base64
from typing import Any

import sqlalchemy as sa

from core.chain import START
from ledger import showing
from store import chain, decisions, inbox, rulebooks
from store.inbox import SignedRow

_FORMAT = "rescind-evidence-1"


def export(connection: sa.Connection, told: dict[str, Any]) -> dict[str, Any]:
    """Return a story as ``story.story`` tells it, with the events, rules and links of the chain behind it.

    A link's digest is that of ``core.chain.linked``, given ``previous_digest`` and ``decision``.
    """
    message = told["message"]
    numbered = decisions.numbered(connection, message["id"]) if message else []
    links = {link.decision_seq: link for link in chain.of(connection, message["id"])} if message else {}
    before = chain.digests(connection, [link.position - 1 for link in links.values()])
    before[0] = START
    chained = [
        {
            "decision_seq": seq,
            "decision": chain.as_json(row),
            # None is one that the sweeper has not linked yet.
            "position": link.position if link else None,
            "previous_digest": before.get(link.position - 1) if link else None,
            "digest": link.digest if link else None,
        }
        for seq, row in numbered
        for link in [links.get(seq)]
    ]
    event_ids = _named(told)
    return {
        "format": _FORMAT,
        "story": told,
        "events": _events(event_ids, inbox.signed(connection, event_ids)),
        "rulebooks": _rulebooks(connection, {row.rules for _, row in numbered if row.rules}),
        "chain": chained,
    }


def _named(told: dict[str, Any]) -> set[str]:
    """Return every event that a decision, or a verdict, names."""
    verdicts = [verdict for each in told["decisions"] for verdict in each["verdicts"]]
    asked = told["request"]["verdicts"] if told["request"] else []
    return {each["event_id"] for each in (*told["decisions"], *verdicts, *asked) if each["event_id"]}


def _events(event_ids: set[str], found: dict[str, SignedRow]) -> dict[str, dict[str, Any]]:
    return {event_id: _event(found.get(event_id)) for event_id in sorted(event_ids)}


def _event(row: SignedRow | None) -> dict[str, Any]:
    """Show one event, in its very bytes, where it was one of Telnyx's and they are still there."""
    if row is None:
        return {"state": "no_webhook", "note": "no stored event has this id: it names what was done here instead"}
    told = {
        "event_type": row.event_type,
        "received_at": showing.instant(row.received_at),
        "source": row.source,
        "digest": row.digest,
    }
    if row.raw is None:
        return {"state": "pruned", "note": "the signed bytes were pruned", **told}
    return {
        "state": "stored",
        **told,
        "signature": row.signature,
        "signature_timestamp": row.signature_timestamp,
        "body": row.raw.decode("utf-8", "replace"),
        # What was signed, to the byte, whatever a reader does to text.
        "body_base64": base64.b64encode(row.raw).decode("ascii"),
    }


def _rulebooks(connection: sa.Connection, digests: set[str]) -> dict[str, dict[str, Any] | None]:
    """Return by digest what the rules were; None where only the digest is known."""
    known = rulebooks.of(connection, digests)
    return {
        digest: {
            "file_sha256": known[digest].file_sha256,
            "first_seen_at": showing.instant(known[digest].first_seen_at),
            "settings": known[digest].settings,
        }
        if digest in known
        else None
        for digest in sorted(digests)
    }
