"""Reading a request's body: the whole of it, exactly, and not too much."""

from __future__ import annotations

import io

import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from webhook_app.admission import MAX_BODY, body_of


class Stream(io.BytesIO):
    """A body that counts how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.taken += len(part)
        return part


def a_request(body: bytes, **environ: object) -> dict[str, object]:
    return {"wsgi.input": Stream(body), "CONTENT_LENGTH": str(len(body)), **environ}


@pytest.mark.parametrize("size", [0, 1, 1400, MAX_BODY])
def test_body_is_read_whole(size):
    body = b"x" * size
    assert body_of(a_request(body)) == body


def test_body_of_known_length_is_read_no_further():
    request = a_request(b"{}POST / HTTP/1.1", CONTENT_LENGTH="2")
    assert body_of(request) == b"{}"
    assert request["wsgi.input"].taken == 2


def test_too_long_a_body_is_refused_unread():
    request = a_request(b"x" * (MAX_BODY + 1))
    with pytest.raises(RequestEntityTooLarge):
        body_of(request)
    assert request["wsgi.input"].taken == 0


def test_body_shorter_than_announced_is_refused():
    with pytest.raises(BadRequest):
        body_of(a_request(b"{}", CONTENT_LENGTH="3"))


@pytest.mark.parametrize("length", ["-1", "+2", "2,2", "0x2", "2 2", "²", "٢", "1" * 30])
def test_length_that_is_no_number_is_refused(length):
    with pytest.raises(BadRequest):
        body_of(a_request(b"{}", CONTENT_LENGTH=length))


def test_chunked_body_is_read_whole():
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert body_of(a_request(b"x" * MAX_BODY, **environ)) == b"x" * MAX_BODY


def test_too_long_a_chunked_body_is_refused_and_not_cut_off():
    request = a_request(b"x" * (MAX_BODY * 2), CONTENT_LENGTH="")
    request["wsgi.input_terminated"] = True
    with pytest.raises(RequestEntityTooLarge):
        body_of(request)
    assert request["wsgi.input"].taken == MAX_BODY + 1


def test_request_without_length_and_end_has_no_body():
    request = a_request(b"never read", CONTENT_LENGTH="")
    assert body_of(request) == b""
    assert request["wsgi.input"].taken == 0


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
def test_plain_body_may_say_so(encoding):
    assert body_of(a_request(b"{}", HTTP_CONTENT_ENCODING=encoding)) == b"{}"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_compressed_body_is_refused(encoding):
    with pytest.raises(UnsupportedMediaType):
        body_of(a_request(b"{}", HTTP_CONTENT_ENCODING=encoding))


def test_body_that_breaks_off_is_refused():
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(BadRequest):
        body_of({"wsgi.input": Broken(), "CONTENT_LENGTH": "2"})
