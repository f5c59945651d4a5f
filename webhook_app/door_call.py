"""One call to the door: whether it may pass at all, and what of it goes on to Telnyx."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from wsgiref.types import WSGIEnvironment

from core.errors import RequestInvalid
from schemas.secret import Secret
from webhook_app import admission

#: A message with its longest text and ten media URLs has some ten kilobytes.
MAX_BODY = 1024 * 1024

_ROOM = "messages"
_SEGMENT = re.compile(r"[A-Za-z0-9_.~-]{1,200}")
_QUERY = re.compile(r"[\x21-\x7e]{0,4096}")
_BEARER = re.compile(r"bearer +([\x21-\x2b\x2d-\x7e]{1,512})", re.IGNORECASE)
_METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD"})
#: Such a call neither sends nor changes anything that could be sent.
_METHODS_WITHOUT_EFFECT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_VIA = "1.1 rescind"
#: Of this connection, or for this server.
_OURS = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "expect", "host", "content-length", "via", "forwarded", "x-real-ip"),
        # A server behind might do another thing than was judged.
        *("x-http-method", "x-http-method-override", "x-method-override"),
        # Packed, an answer could not be read by us. It is passed on as it comes.
        "accept-encoding",
    }
)
_OURS_BEGIN = ("rescind-", "x-forwarded-")
#: By which Telnyx's libraries tell how often they have made the same call already; all of them send it.
_TIMES_BEFORE = "X-Stainless-Retry-Count"


class Elsewhere(Exception):
    """The path leads to something else than messages."""


class Circular(Exception):
    """The call has come through here before."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it goes to Telnyx. It shows its caller's key to nobody."""

    method: str
    path: str
    """Below the version: ``messages/schedule``."""
    query: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    key: Secret
    ours: Mapping[str, str]
    """The headers that are meant for us."""
    is_repeat: bool = False
    """Its caller's library makes it once more, because it got no answer, or none that it liked."""

    @property
    def sends(self) -> bool:
        """Return True when a message may come of it."""
        return self.method not in _METHODS_WITHOUT_EFFECT


def path_of(environ: WSGIEnvironment, *, below: str) -> str:
    """Return the path of a call, every segment of it plain, so that it can lead nowhere but to messages.

    Raises Elsewhere.
    """
    path: str = environ.get("PATH_INFO", "").removeprefix(below)
    segments = path.split("/")
    if segments[0] != _ROOM or not all(_SEGMENT.fullmatch(each) and each.strip(".") for each in segments):
        raise Elsewhere
    return path


def key_of(environ: WSGIEnvironment) -> Secret | None:
    """Return the key that a caller shows, or None."""
    found = _BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", "").strip())
    return Secret(found[1]) if found else None


def read(environ: WSGIEnvironment, path: str, key: Secret) -> Call:
    """Return the call with its body.

    Raises Circular, RequestInvalid for a query that no URL can have, and werkzeug's errors for the body.
    """
    if _VIA in environ.get("HTTP_VIA", ""):
        raise Circular
    query = environ.get("QUERY_STRING", "")
    if not _QUERY.fullmatch(query):
        raise RequestInvalid("the query is longer than 4096 characters, or has some in it that no URL has")
    body = admission.body_of(environ, limit=MAX_BODY)
    method = environ["REQUEST_METHOD"]
    given = _headers(environ)
    named = {part.strip().lower() for part in given.get("Connection", "").split(",")}
    via = ", ".join(part for part in (given.get("Via"), _VIA) if part)
    passed = [
        (name, value)
        for name, value in given.items()
        if not (name.lower() in _OURS or name.lower() in named or name.lower().startswith(_OURS_BEGIN))
    ]
    return Call(
        method=method,
        path=path,
        query=query,
        headers=(*passed, ("Via", via), ("Accept-Encoding", "identity")),
        body=b"" if method in _METHODS_WITHOUT_BODY else body,
        key=key,
        ours={name: value for name, value in given.items() if name.lower().startswith("rescind-")},
        is_repeat=given.get(_TIMES_BEFORE, "0") != "0",
    )


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    given = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }
    if environ.get("CONTENT_TYPE"):
        given["Content-Type"] = environ["CONTENT_TYPE"]
    return given
