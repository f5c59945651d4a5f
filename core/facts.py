"""What is known of one scheduled message at one moment: all that a policy may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.campaigns import Campaign
from core.consent import Consent
from core.holds import Hold
from core.labels import Labels


class MessageClass(StrEnum):
    """What a message is for; policies may spare some classes."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    OTP = "otp"
    COMPLIANCE = "compliance"
    """The one text that confirms an opt-out."""


class Need(StrEnum):
    """What a policy looks at besides the message, its recipients' consent, its campaigns and the gates it meets.

    It is gathered only when a policy that is not off asks for it, and only so far back as the policy says.
    """

    PEOPLE = "people"
    TRAFFIC = "traffic"
    INBOUND = "inbound"
    OUTCOMES = "outcomes"
    SENDER_OUTCOMES = "sender_outcomes"
    SIGNALS = "signals"
    TALLIES = "tallies"
    SPENDING = "spending"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a policy looks for what it needs."""

    back: timedelta
    """How far from the present, or around the time of sending; it may be given more."""
    of_labelled: str | None = None
    """Only messages that bear this label are looked at, by its name in ``Labels``; None: all are."""

    of_class: MessageClass | None = None
    """Only messages of this class are looked at; None: of every class."""

    def concerns(self, labels: Labels, message_class: MessageClass) -> bool:
        """Return True when a message of this class with these labels is looked at."""
        is_labelled = self.of_labelled is None or bool(getattr(labels, self.of_labelled))
        return is_labelled and self.of_class in {None, message_class}


@dataclass(frozen=True, slots=True)
class Person:
    """What the sender told of one recipient."""

    phone_number: str
    time_zone: str | None = None
    """IANA name, such as ``America/New_York``."""
    region: str | None = None
    """US state or territory by its two letters."""


class Progress(StrEnum):
    """How far another message has come."""

    PENDING = "pending"
    SENT = "sent"
    """It has left, or nothing can keep it any more."""
    FAILED = "failed"
    """It has left and was not delivered."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Another outbound message to one of the recipients; what was cancelled is none."""

    message_id: str
    phone_number: str
    progress: Progress
    at: datetime
    """When it was, or is to be, sent."""
    scheduled_at: datetime
    message_class: MessageClass
    campaign_key: str | None = None
    fingerprint: str | None = None
    labels: Labels = field(default_factory=Labels)
    from_number: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that one of the recipients sent."""

    phone_number: str
    at: datetime
    """When it was said."""
    text: str | None
    autoresponse_type: str | None
    sent_to: str | None
    """The number of ours that it was sent to."""
    messaging_profile_id: str | None
    event_id: str


class Ending(StrEnum):
    """How a message that left ended for one recipient."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one message ended for one recipient."""

    message_id: str
    phone_number: str
    from_number: str | None
    campaign_key: str | None
    ending: Ending
    code: str | None
    """Telnyx's error code, such as ``40012``; None where it gave none."""
    title: str | None
    at: datetime
    event_id: str
    failure_rate: float | None = None
    """Of all messages that ended around then, whoever they went to, the part that failed; None: not looked into."""


class SignalKind(StrEnum):
    """What a signal is about."""

    GOAL = "goal"
    """The recipient did what the messages were to bring about; the value is the goal's name."""
    REVISION = "revision"
    """What messages are about has changed; the value is its key."""
    SPEND_LIMIT = "spend_limit"
    """A messaging profile reached its limit at Telnyx; the value is the profile's id."""
    FORGIVEN = "forgiven"
    """The failures of a number are to count no more; the value is why."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that was said about a recipient, or about a subject, once."""

    id: str
    kind: SignalKind
    value: str
    at: datetime
    phone_number: str | None = None
    """None speaks of every recipient."""
    revision: int | None = None
    """The latest revision of the subject; None says that it is no more."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened to one campaign's messages within one five-minute span, which starts at ``at``."""

    at: datetime
    ended: int
    """How many messages ended."""
    failed: int
    spam: int
    """How many of them were refused as spam."""
    opted_out: int
    """How many recipients refused further messages after one of this campaign."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What the messages of one UTC day cost, in one currency."""

    currency: str
    messaging_profile_id: str | None
    """Whose messages; None: all that there are."""
    spent: Decimal
    """What Telnyx told of those that ended on that day."""
    pending_before: Decimal
    """What is expected of the pending messages that go out before this one on its day."""
    this: Decimal
    """What is expected of this one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one scheduled message at one moment, gathered before any policy runs."""

    now: datetime
    message_id: str
    send_at: datetime
    scheduled_at: datetime
    message_class: MessageClass
    messaging_profile_id: str | None
    recipients: tuple[str, ...]
    from_number: str | None = None
    campaign_key: str | None = None
    fingerprint: str | None = None
    """By which messages that say the same are known; see ``core.fingerprints``. None: the text is not known."""
    labels: Labels = field(default_factory=Labels)
    """What the message's tags tell policies."""
    consents: tuple[Consent, ...] = ()
    """The consent history of every recipient."""
    campaigns: tuple[Campaign, ...] = ()
    """The message's own campaign first, then those it is tied to through its carriers' registration."""
    holds: tuple[Hold, ...] = ()
    """The gates that an operator has set and that this message meets."""
    people: tuple[Person, ...] = ()
    """What the sender told of the recipients; those of whom nothing was told are left out."""
    traffic: tuple[Traffic, ...] = ()
    """Other messages to the recipients, in the order of their times."""
    inbound: tuple[Inbound, ...] = ()
    """What the recipients wrote, in the order of their times."""
    outcomes: tuple[Outcome, ...] = ()
    """What failed of earlier messages to the recipients since each was last delivered to, in the order of times."""
    sender_outcomes: tuple[Outcome, ...] = ()
    """What failed for what is wrong with the sender since it last had something delivered, in the order of times."""
    signals: tuple[Signal, ...] = ()
    """What was said about the recipients, the message's subject, or its profile, in the order of their times."""
    tallies: tuple[Tally, ...] = ()
    """What happened lately to the campaign's messages, in the order of their times."""
    spending: tuple[Spending, ...] = ()
    """What the message's day costs, of all messages and of its profile's; none when nothing is known of prices."""
    is_last: bool = False
    """Nobody will look again, though it may be earlier than usual: a crowd has to be begun with in time."""


def about(*, now: datetime, **known: Any) -> Facts:  # noqa: ANN401 - as the fields of Facts
    """Return the facts about a marketing message to be sent now of which nothing else is known."""
    return Facts(
        now=now,
        message_id="",
        send_at=now,
        scheduled_at=now,
        message_class=MessageClass.MARKETING,
        messaging_profile_id=None,
        recipients=(),
        **known,
    )
