"""What happens to a message once it is due: sent, then final, with a webhook for each.

Nothing here is locked: the ``Simulator`` holds its lock around every call.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from simulator import events, refusals
from simulator.agenda import Agenda
from simulator.blocks import BlockRules
from simulator.messages import Message, Recipient, Status
from simulator.settings import Settings
from simulator.webhooks import Courier

_FAILURES = {
    Status.DELIVERY_FAILED: ("40008", "Undeliverable", "The message could not be delivered."),
    Status.DELIVERY_UNCONFIRMED: ("40004", "Rejected by destination", "No delivery receipt came."),
    Status.SENDING_FAILED: ("40006", "Recipient server unavailable", "The carrier did not take the message."),
    Status.EXPIRED: ("40014", "Message expired in queue", "The message expired in the queue."),
}


class Sending:
    """Takes messages to their end, step by step, as their times come."""

    def __init__(
        self,
        *,
        courier: Courier,
        blocks: BlockRules,
        settings: Callable[[], Settings],
        new_id: Callable[[], str],
        urls_of: Callable[[Message], Sequence[str]],
    ) -> None:
        self._courier = courier
        self._blocks = blocks
        self._settings = settings
        self._new_id = new_id
        self._urls_of = urls_of
        self._agenda = Agenda()
        #: Recipients that were sent to and have no final status yet.
        self.in_flight = 0

    def take(self, message: Message, due_at: datetime) -> None:
        """Send the message when its time comes, unless it is cancelled before."""
        self._agenda.add(due_at, partial(self._send, message))

    def next_at(self) -> datetime | None:
        """When there is something to do next."""
        return self._agenda.next_at()

    def step(self, now: datetime) -> bool:
        """Do the earliest thing that is due; False if nothing is."""
        due = self._agenda.pop_due(now)
        if due is None:
            return False
        due_at, step = due
        step(due_at)
        return True

    def _send(self, message: Message, at: datetime) -> None:
        waiting = [each for each in message.recipients if each.status in {Status.SCHEDULED, Status.QUEUED}]
        for recipient in waiting:
            if recipient.status is Status.SCHEDULED:
                recipient.move(Status.QUEUED, at)
            recipient.move(Status.SENDING, at)
        # Only a scheduled message can have been blocked since it was accepted.
        recheck = self._settings().recheck_blocks_at_send and message.send_at is not None
        refused = [each for each in waiting if recheck and self._is_blocked(message, each)]
        for recipient in refused:
            message.errors.append(refusals.blocked(message.sender, recipient.phone_number).error())
            self._finish(message, recipient, Status.SENDING_FAILED, at)
        accepted = [each for each in waiting if each not in refused]
        if accepted:
            self._hand_over(message, accepted, at)

    def _hand_over(self, message: Message, recipients: list[Recipient], at: datetime) -> None:
        message.sent_at = at
        message.valid_until = None
        for recipient in recipients:
            recipient.move(Status.SENT, at)
            self.in_flight += 1
            self._agenda.add(at + self._settings().delivery_delay, partial(self._conclude, message, recipient))
        self._courier.submit(events.sent(self._new_id(), message, recipients, at), self._urls_of(message))

    def _conclude(self, message: Message, recipient: Recipient, at: datetime) -> None:
        self.in_flight -= 1
        settings = self._settings()
        status = settings.final_statuses.get(recipient.phone_number, settings.final_status)
        if status in _FAILURES:
            code, title, detail = _FAILURES[status]
            message.errors.append({"code": code, "title": title, "detail": detail})
        self._finish(message, recipient, status, at)

    def _finish(self, message: Message, recipient: Recipient, status: Status, at: datetime) -> None:
        recipient.move(status, at)
        if all(each.status not in {Status.SENDING, Status.SENT} for each in message.recipients):
            message.completed_at = at
        self._courier.submit(events.finalized(self._new_id(), message, recipient, at), self._urls_of(message))

    def _is_blocked(self, message: Message, recipient: Recipient) -> bool:
        return self._blocks.blocks(message.messaging_profile_id, recipient.phone_number)
