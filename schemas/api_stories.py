"""A message and its story, as the OpenAPI document describes them."""

from __future__ import annotations

from marshmallow import INCLUDE, fields

from core.cancelling import Action
from core.deciding import Act, Mode
from core.facts import MessageClass
from core.holds import HoldKind
from core.intents import IntentState
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.scopes import Scope
from schemas.api_answers import Answer, Decided, at, count, listed, one_of, text
from schemas.api_fields import described


def slack() -> fields.Float:
    """Return how long before the deadline something was."""
    told = "seconds before the message's deadline; less than 0 is after it, null when either is unknown"
    return fields.Float(required=True, allow_none=True, metadata=described(told))


class MessageRecipient(Answer):
    """How a message stands for one recipient."""

    phone_number = text()
    status = text("in Telnyx's words: `scheduled`, `sent`, `delivered`, `cancelled`, …")
    carrier = text(null=True)
    line_type = text(null=True)
    errors = fields.List(fields.Dict(), required=True, metadata={"description": "Telnyx's error objects"})


class Message(Answer):
    """A message as held: our own book-keeping, then every field that Telnyx told."""

    class Meta:
        """There may be more than is named here."""

        unknown = INCLUDE

    id = text("Telnyx's id of the message", form="uuid")
    direction = text("`outbound` or `inbound`")
    sender = fields.String(data_key="from", required=True, allow_none=True)
    from_carrier = text(null=True)
    from_line_type = text(null=True)
    recipients = listed(MessageRecipient)
    campaign = text(null=True)
    message_class = fields.Enum(
        MessageClass, by_value=fields.String(), data_key="class", required=True, allow_none=True
    )
    tags = fields.List(fields.String(), required=True, allow_none=True)
    telnyx_tags = fields.List(fields.String(), required=True, allow_none=True)
    send_at = at(null=True)
    deadline = at("the last moment at which Telnyx accepts a cancellation", null=True)
    cancel_by = at("until when a cancellation is sent", null=True)
    ledger = one_of(LedgerState, null=True)
    breach_cause = one_of(BreachCause, null=True)
    registered_at = at("null for a message that was never registered here", null=True)
    door = text("the way it came in", null=True)
    closed_at = at(null=True)
    orphaned_at = at("when it was sent on schedule, if it had not come in through any door", null=True)


class Verdict(Answer):
    """What one policy said."""

    policy = text()
    mode = one_of(Mode)
    verdict = one_of(Act)
    reason = text()
    facts = fields.Dict(required=True, metadata={"description": "what the reason rests on"})
    event_id = text("the event that the deciding fact came from", null=True)
    known_at = at("when the deciding fact reached us, where nothing was decided on it then", null=True)


class Decision(Decided):
    """One decision with all its verdicts."""

    facts = fields.Dict(required=True, metadata={"description": "what the reason rests on"})
    event_id = text("the event behind it", null=True)
    decided_at = at()
    slack_seconds = slack()
    mode = one_of(Mode)
    trigger = text("what called for deciding")
    rules = text("the digest of the settings by which it was made", null=True)
    verdicts = listed(Verdict)


class Attempt(Answer):
    """One request to Telnyx."""

    action = one_of(Action)
    started_at = at()
    finished_at = at(null=True)
    slack_seconds = slack()
    http_status = count(null=True)
    answer = text("the beginning of what Telnyx answered", null=True)
    outcome = text(null=True)


class Cancellation(Answer):
    """How far cancelling has come."""

    state = one_of(CancellationState)
    outcome = text(null=True)
    policy = text()
    reason = text()
    known_at = at("when the reason reached us")
    requested_at = at()
    slack_seconds = slack()
    settled_at = at(null=True)
    attempts = listed(Attempt)


class TimelineEntry(Answer):
    """One thing that happened."""

    class Meta:
        """There may be more than is named here."""

        unknown = INCLUDE

    at = at()
    kind = text(
        "`registration`, `request`, `status`, `consent`, `decision`, `cancellation`, `attempt`, `reschedule` or "
        "`ledger`"
    )
    text = text()


class Request(Answer):
    """A request to send that came through here, and what is known of its end."""

    id = text("our own id of it", form="uuid")
    door = text("the way it came in")
    path = text("what was asked of Telnyx")
    created_at = at()
    recipients = fields.List(fields.String(), required=True)
    sender = fields.String(data_key="from", required=True, allow_none=True)
    messaging_profile_id = text(null=True)
    campaign = text(null=True)
    message_class = fields.Enum(
        MessageClass, by_value=fields.String(), data_key="class", required=True, allow_none=True
    )
    tags = fields.List(fields.String(), required=True, allow_none=True)
    send_at = at("null is at once", null=True)
    state = one_of(IntentState)
    policy = text("the policy that objects; null when none does", null=True)
    reason = text("why there is no message, or none that is known", null=True)
    verdicts = listed(Verdict)
    http_status = count("what Telnyx answered; null when it was not asked, or did not answer", null=True)
    message_id = text("the message that it led to, if that is known", null=True, form="uuid")
    replaces = text("the cancelled message in whose place it was to be sent", null=True, form="uuid")
    settled_at = at("when its end became known", null=True)


class Gate(Answer):
    """A hold or a panic that stands over the message."""

    id = text()
    kind = one_of(HoldKind)
    scope = one_of(Scope)
    value = text("which campaign, sender, recipient or profile; null when all are meant", null=True)
    reason = text()
    placed_at = at()
    expires_at = at("null is never", null=True)
    cancels_at = at(
        "when the message is cancelled unless the hold is lifted, or ends, before; null: at once", null=True
    )


class Story(Answer):
    """Why a message was cancelled, or let go; or what became of a request that led to no message that is known."""

    message = fields.Nested(Message, required=True, allow_none=True)
    request = fields.Nested(
        Request, required=True, allow_none=True, metadata=described("what led to the message, if it came through here")
    )
    held_by = fields.List(
        fields.Nested(Gate), required=True, metadata=described("what stands over it now, also when it was placed later")
    )
    decisions = listed(Decision)
    cancellation = fields.Nested(Cancellation, required=True, allow_none=True)
    counterfactuals = fields.List(
        fields.String(), required=True, metadata=described("what would have changed the outcome, a line each")
    )
    replaces = text("the cancelled message in whose place this one was scheduled", null=True, form="uuid")
    replaced_by = text("the message that was scheduled in its place", null=True, form="uuid")
    timeline = listed(TimelineEntry)
