"""The simulated account: what Telnyx would do with each request.

Knows nothing of HTTP, threads or clocks: ``now`` comes in, and the ``Simulator``
holds its lock around every call.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from simulator import events, refusals
from simulator.blocks import BlockRule, BlockRules
from simulator.drafts import Draft, read_draft
from simulator.messages import JsonObject, Message, Recipient, Status
from simulator.profiles import Profile, Profiles
from simulator.sending import Sending
from simulator.settings import Settings
from simulator.webhooks import Courier

CANCEL_WALL = timedelta(minutes=1)
"""A message due within this time can no longer be cancelled."""

KEPT = timedelta(days=10)
"""How long a message can be retrieved."""

QUEUE_TIME = timedelta(hours=1)
"""How long a message may wait in the queue."""

POOL_NUMBER = "+15557650001"
"""The sender of messages that name a profile and leave the number to its pool."""


class Account:
    """One account at Telnyx, with its messages, messaging profiles and block rules."""

    def __init__(
        self,
        *,
        courier: Courier,
        settings: Callable[[], Settings],
        new_id: Callable[[], str],
        created_at: datetime,
    ) -> None:
        self._courier = courier
        self._settings = settings
        self._new_id = new_id
        self._organization_id = new_id()
        self._blocks = BlockRules()
        self._messages: dict[str, Message] = {}
        self._inbound: dict[str, events.Inbound] = {}
        self.profiles = Profiles(new_id(), created_at=created_at)
        self.sending = Sending(
            courier=courier, blocks=self._blocks, settings=settings, new_id=new_id, urls_of=self._urls_for
        )

    def send(self, body: object, *, now: datetime, must_schedule: bool) -> Message:
        """Accept a message, to be sent at once or at its ``send_at``; raises ``RefusedError``."""
        draft = read_draft(body, now=now, soonest=self._settings().soonest, must_schedule=must_schedule)
        sender = draft.sender or POOL_NUMBER
        profile = self.profiles.use(draft.messaging_profile_id, number=sender)
        if not profile.enabled:
            raise refusals.profile_disabled(profile.id)
        for recipient in draft.to:
            if self._blocks.blocks(profile.id, recipient):
                raise refusals.blocked(sender, recipient)
        message = self._made_from(draft, sender, profile, now)
        self._messages[message.id] = message
        self.sending.take(message, message.send_at or now)
        return message

    def retrieve(self, message_id: str, *, now: datetime) -> JsonObject:
        """Give a message, in or out; raises ``RefusedError`` when it is unknown or too old."""
        inbound = self._inbound.get(message_id)
        return inbound.as_telnyx() if inbound else self.find(message_id, now=now).as_telnyx()

    def cancel(self, message_id: str, *, now: datetime) -> JsonObject:
        """Cancel a message while it is scheduled and not due within a minute; raises ``RefusedError``.

        Which error Telnyx gives for a message that cannot be cancelled is not documented.
        """
        message = self.find(message_id, now=now)
        if message.send_at is None or not message.is_scheduled():
            raise refusals.unprocessable("Only messages with status 'scheduled' can be cancelled.")
        if message.send_at - now <= CANCEL_WALL:
            raise refusals.unprocessable("A message can be cancelled until one minute before its 'send_at'.")
        message.move(Status.CANCELLED, now)
        # The page of the cancellation shows no send_at in its answer.
        return message.as_event_payload()

    def find(self, message_id: str, *, now: datetime) -> Message:
        """Give an outbound message; raises ``RefusedError`` when it is unknown or too old."""
        try:
            message = self._messages.get(str(uuid.UUID(message_id)))
        except ValueError:
            raise refusals.invalid_id(message_id) from None
        if message is None or now - message.received_at > KEPT:
            raise refusals.no_such_message(message_id)
        return message

    def messages(self) -> list[Message]:
        """List every outbound message, oldest first."""
        return list(self._messages.values())

    def profile(self, profile_id: str) -> JsonObject:
        """Give a messaging profile; raises ``RefusedError`` when it is unknown."""
        profile = self.profiles.find(profile_id)
        if profile is None:
            raise refusals.no_such_resource()
        return self.profiles.as_telnyx(profile, urls=self._urls_of(profile))

    def all_profiles(self) -> list[JsonObject]:
        """List every messaging profile."""
        return [self.profiles.as_telnyx(profile, urls=self._urls_of(profile)) for profile in self.profiles]

    def optouts(self) -> list[JsonObject]:
        """List the block rules in force."""
        return [rule.as_telnyx() for rule in self._blocks]

    def receive(self, inbound: events.IncomingText, *, now: datetime) -> JsonObject:
        """Take a text that came in: heed its keyword and tell by webhook; returns the event."""
        profile = self.profiles.use(inbound.messaging_profile_id or self.profiles.of_number(inbound.to))
        rule = BlockRule(profile.id, inbound.sender, inbound.to, inbound.text.strip().upper(), now)
        self._blocks.heed(inbound.autoresponse_type, rule)
        webhook_url, webhook_failover_url = self._urls_of(profile)
        message = events.Inbound(
            id=self._new_id(),
            organization_id=self._organization_id,
            messaging_profile_id=profile.id,
            sender=inbound.sender,
            to=inbound.to,
            text=inbound.text,
            autoresponse_type=inbound.autoresponse_type,
            webhook_url=webhook_url,
            webhook_failover_url=webhook_failover_url,
            received_at=now,
        )
        self._inbound[message.id] = message
        event = events.event(inbound.event_id or self._new_id(), "message.received", now, message.as_telnyx())
        self._courier.submit(event, distinct(webhook_url, webhook_failover_url))
        return event

    def _made_from(self, draft: Draft, sender: str, profile: Profile, now: datetime) -> Message:
        own_urls = (draft.webhook_url, draft.webhook_failover_url)
        shown = self._urls_of(profile) if draft.use_profile_webhooks and not draft.webhook_url else own_urls
        message = Message(
            id=self._new_id(),
            organization_id=self._organization_id,
            messaging_profile_id=profile.id,
            sender=sender,
            recipients=[Recipient(number, Status.QUEUED) for number in draft.to],
            text=draft.text,
            subject=draft.subject,
            kind=draft.kind,
            media_urls=draft.media_urls,
            webhook_url=shown[0],
            webhook_failover_url=shown[1],
            own_urls=own_urls,
            use_profile_webhooks=draft.use_profile_webhooks,
            tcr_campaign_id=self._settings().tcr_campaigns.get(sender),
            send_at=draft.send_at,
            received_at=now,
            valid_until=(draft.send_at or now) + QUEUE_TIME,
        )
        message.move(Status.SCHEDULED if draft.send_at else Status.QUEUED, now)
        return message

    def _urls_for(self, message: Message) -> tuple[str, ...]:
        # "If webhooks are also specified on the message, they will be attempted first, then those on the profile."
        profile = self.profiles.use(message.messaging_profile_id)
        return distinct(*message.own_urls, *(self._urls_of(profile) if message.use_profile_webhooks else ()))

    def _urls_of(self, profile: Profile) -> tuple[str | None, str | None]:
        if profile.webhook_url is not None:
            return profile.webhook_url, profile.webhook_failover_url
        return self._settings().webhook_url, self._settings().webhook_failover_url


def distinct(*urls: str | None) -> tuple[str, ...]:
    """Keep the URLs there are, each once, in their order."""
    return tuple(dict.fromkeys(url for url in urls if url is not None))
