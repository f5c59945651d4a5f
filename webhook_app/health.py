"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, Response

from core.errors import StoreUnavailable
from schemas.rulebook import Standing
from store.group_commit import GroupCommit

#: The question costs a commit, and anybody may ask it: who asks more often gets the same answer.
_HOLDS_FOR = timedelta(seconds=1)


def blueprint(*, commit: GroupCommit, policies: Callable[[], Standing] = lambda: Standing.FOLLOWED) -> Blueprint:
    """Return the two questions a platform asks; Redis has no part in either, since nothing depends on it.

    ``policies`` tells how things are with their file. Accepting events needs none, so it is ready all the same.
    """
    health = Blueprint("health", __name__)
    checked_at = -_HOLDS_FOR.total_seconds()
    trouble: str | None = None

    @health.get("/healthz", provide_automatic_options=False)
    def alive() -> Response:
        return Response('{"status":"ok"}\n', mimetype="application/json")

    @health.get("/readyz", provide_automatic_options=False)
    def ready() -> Response:
        """Say whether an event could be committed now, by way of the same thread and the same connection."""
        nonlocal checked_at, trouble
        if time.monotonic() - checked_at >= _HOLDS_FOR.total_seconds():
            trouble = asked()
            checked_at = time.monotonic()
        if trouble is not None:
            raise StoreUnavailable(trouble)
        standing = policies()
        is_followed = standing is Standing.FOLLOWED
        told = {"status": "ready"} if is_followed else {"status": "degraded", "policies": standing}
        return Response(json.dumps(told, separators=(",", ":")) + "\n", mimetype="application/json")

    def asked() -> str | None:
        try:
            commit.check()
        except StoreUnavailable as error:
            return str(error)
        return None

    return health
