"""Planted: an event is answered while its commit is still to come."""

from core.inbox import Acceptance
from store.group_commit import GroupCommit, _Ticket
from store.inbox import NewEvent


def _put(self: GroupCommit, event: NewEvent) -> Acceptance:
    self._start()
    self._waiting.put(_Ticket([event]))
    return Acceptance.ACCEPTED


GroupCommit.put = _put
