"""One call of the program's own API, with the token."""

from __future__ import annotations

import http.client

from tests.faults.fleet import HOST

TOKEN = "a-token-of-the-fault-harness"


def call(method: str, path: str, body: str | None, port: int, *, timeout: float = 10.0) -> int:
    """Return the status; 0 when no whole answer came in time."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return answer.status
