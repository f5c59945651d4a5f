"""What a request must be like before anybody looks at its signature."""

from __future__ import annotations

from typing import IO
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

#: A webhook has one to three kilobytes.
MAX_BODY = 256 * 1024
_MAX_LENGTH_DIGITS = 12


def body_of(environ: WSGIEnvironment, *, limit: int = MAX_BODY) -> bytes:
    """Return the whole body of a request, of ``limit`` bytes at most, and exactly that.

    Raises werkzeug's 413 for too long a body, 400 for one that is cut short, and 415 for a compressed one. Flask's own
    limits pass a chunked body on that they have cut off, and one that ended before its announced length.
    """
    stream: IO[bytes] = environ["wsgi.input"]
    announced = environ.get("CONTENT_LENGTH") or ""
    if announced:
        length = _length(announced)
        if length > limit:
            raise RequestEntityTooLarge(f"The body is longer than {limit} bytes; send less at once.")
        body = _read(stream, length)
        if len(body) != length:
            raise BadRequest("The body is shorter than its announced length.")
    else:
        # The server says that it ends the stream where a chunked body ends; without that there is no body.
        body = _read(stream, limit + 1) if environ.get("wsgi.input_terminated") else b""
        if len(body) > limit:
            raise RequestEntityTooLarge(f"The body is longer than {limit} bytes; send less at once.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("The body must not be compressed.")
    return body


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except Exception as error:  # each server has its own for a sender that breaks off or breaks the rules
        raise BadRequest("The body cannot be read.") from error


def _length(announced: str) -> int:
    if not (announced.isascii() and announced.isdigit()) or len(announced) > _MAX_LENGTH_DIGITS:
        raise BadRequest("The announced length is not a number.")
    return int(announced)
