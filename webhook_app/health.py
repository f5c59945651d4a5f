"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from flask import Blueprint, Response

from store.group_commit import GroupCommit


def blueprint(*, commit: GroupCommit) -> Blueprint:
    """Return the two questions a platform asks; Redis has no part in either, since nothing depends on it."""
    health = Blueprint("health", __name__)

    @health.get("/healthz", provide_automatic_options=False)
    def alive() -> Response:
        return Response('{"status":"ok"}\n', mimetype="application/json")

    @health.get("/readyz", provide_automatic_options=False)
    def ready() -> Response:
        """Say whether an event could be committed now, by way of the same thread and the same connection."""
        commit.check()
        return Response('{"status":"ready"}\n', mimetype="application/json")

    return health
