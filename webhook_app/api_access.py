"""Who may use the HTTP API: whoever has the bearer token. Without a configured token it is closed to all."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from schemas.secret import Secret

_CLOSED = "the API is closed: set RESCIND_API_TOKEN to a token of your own and start again"
_REMEDY = "send 'Bearer ' and the value of RESCIND_API_TOKEN"
_CHALLENGE = WWWAuthenticate("bearer", {"realm": "rescind"})


def guard(token: Secret | None) -> Callable[[], None]:
    """Return what lets a request pass, or raises what becomes 401 or 403, before anything of it is read."""

    def admit() -> None:
        if token is None:
            raise Forbidden(_CLOSED)
        given = request.headers.get("Authorization")
        if given is None:
            raise Unauthorized(f"Authorization: is missing; {_REMEDY}", www_authenticate=_CHALLENGE)
        scheme, _, credentials = given.partition(" ")
        # A header is read as Latin-1 whatever was sent; compared are the bytes.
        same = hmac.compare_digest(credentials.strip().encode("latin-1", "replace"), token.reveal().encode())
        if scheme.lower() != "bearer" or not same:
            raise Unauthorized(f"Authorization: is wrong; {_REMEDY}", www_authenticate=_CHALLENGE)

    return admit
