"""Which callers Telnyx knows. Policies would tell a stranger who has opted out, and a stranger's calls leave rows.

Nothing of a key is kept but a digest with a secret of this process.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypeVar

from schemas import api_keys
from schemas.secret import Secret
from webhook_app.door_telnyx import Reply

_TRUSTED_FOR = timedelta(hours=1)
_REFUSED_FOR = timedelta(minutes=1)
_MOST = 1000
#: So much of a refusal is kept, its headers included: Telnyx's own have not half of it.
_LONGEST_KEPT = 8 * 1024

Told = TypeVar("Told")


class Keys:
    """Remembers for a while what Telnyx said of keys. For use by many threads."""

    def __init__(
        self, *, own: Secret | None, listed: Collection[str], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """``own`` is the key that we cancel with; ``listed`` are digests of all others that may pass, or none."""
        self._own = own
        self._listed = frozenset(listed)
        self._seconds = seconds
        self._pepper = secrets.token_bytes(32)
        self._trusted: OrderedDict[bytes, float] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, Reply]] = OrderedDict()
        self._lock = threading.Lock()

    def may_pass(self, key: Secret) -> bool:
        """Return False for a key that is not on the operator's list, when there is one."""
        return not self._listed or self._is_named(key)

    def is_known(self, key: Secret) -> bool:
        """Return True when nobody needs to be asked about a key."""
        if self._is_named(key):
            return True
        with self._lock:
            return self._seconds() < self._trusted.get(self._mark(key), 0.0)

    def refusal(self, key: Secret) -> Reply | None:
        """Return how Telnyx refused a key a moment ago, if it did."""
        with self._lock:
            until, reply = self._refused.get(self._mark(key), (0.0, None))
            return reply if self._seconds() < until else None

    def trust(self, key: Secret) -> None:
        """Remember that Telnyx let a key in."""
        self._keep(self._trusted, key, self._seconds() + _TRUSTED_FOR.total_seconds())
        with self._lock:
            self._refused.pop(self._mark(key), None)

    def distrust(self, key: Secret, reply: Reply) -> None:
        """Remember that Telnyx did not; with a long refusal only that it must be asked again."""
        if _length(reply) <= _LONGEST_KEPT:
            self._keep(self._refused, key, (self._seconds() + _REFUSED_FOR.total_seconds(), reply))
        self.forget(key)

    def forget(self, key: Secret) -> None:
        """Ask again the next time."""
        with self._lock:
            self._trusted.pop(self._mark(key), None)

    def _keep(self, kept: OrderedDict[bytes, Told], key: Secret, told: Told) -> None:
        with self._lock:
            mark = self._mark(key)
            kept[mark] = told
            kept.move_to_end(mark)
            while len(kept) > _MOST:
                kept.popitem(last=False)

    def _is_named(self, key: Secret) -> bool:
        if self._own is not None and hmac.compare_digest(key.reveal().encode(), self._own.reveal().encode()):
            return True
        return bool(self._listed) and api_keys.digest(key.reveal()) in self._listed

    def _mark(self, key: Secret) -> bytes:
        return hmac.digest(self._pepper, key.reveal().encode(), "sha256")


def _length(reply: Reply) -> int:
    return len(reply.body) + sum(len(name) + len(value) for name, value in reply.headers)
