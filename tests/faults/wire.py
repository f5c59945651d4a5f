"""HTTP as a careful client speaks it: kept-alive connections, and no answer before all of it was read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field


class Broken(Exception):
    """The connection ended, or what came back is no whole answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer."""

    status: int
    body: bytes


@dataclass(slots=True)
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> tuple[Answer, bool]:
        """Send a request; return the answer, and whether the connection may be used again."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or "content-length" not in headers:
            raise Broken("what came back is no answer of a length")
        body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(rest[:3]), body), headers.get("connection", "").lower() != "close"


@dataclass(slots=True)
class Lines:
    """The connections to one port; as many as there are requests under way."""

    port: int
    _idle: list[Line] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, within: float = 2.0
    ) -> Answer:
        """Return the answer. Raises Broken, OSError, or TimeoutError when it is not whole in time."""
        fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
        line: Line | None = None
        try:
            async with asyncio.timeout(within):
                line = self._kept() or Line(*await asyncio.open_connection("127.0.0.1", self.port))
                answer, is_kept = await line.ask(request)
        except BaseException as error:
            if line is not None:
                line.writer.transport.abort()
            if isinstance(error, (asyncio.IncompleteReadError, asyncio.LimitOverrunError)):
                raise Broken("the connection ended") from error
            raise
        if is_kept:
            self._idle.append(line)
        else:
            line.writer.close()
        return answer

    def _kept(self) -> Line | None:
        """Return a connection that is free; one that the server has closed in its idle time is none."""
        while self._idle:
            line = self._idle.pop()
            if not line.reader.at_eof():
                return line
            line.writer.close()
        return None

    def close(self) -> None:
        for line in self._idle:
            line.writer.transport.abort()
        self._idle.clear()
