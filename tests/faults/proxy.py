"""A TCP proxy that misbehaves on request, while connections run through it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from enum import StrEnum
from typing import Any, Self

from tests.faults import ports

_PIECE = 65536
#: Closing with this set sends a reset in place of an orderly end.
_AT_ONCE = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    """What becomes of what passes through."""

    PASS = "pass"
    DELAY = "delay"
    """Answers arrive later."""
    REFUSE = "refuse"
    """Nobody listens, and connections that ran are reset."""
    RESET = "reset"
    """Connections are reset, those that run and those that come."""
    HALF_CLOSE = "half-close"
    """The client is told that nothing more will come, and what it sends still goes through."""
    BLACKHOLE = "blackhole"
    """Nothing moves, and nobody is told; what was under way arrives when it is over."""
    DROP_ANSWER = "drop-answer"
    """Requests go through and their answers are lost; a connection that lost one is reset afterwards."""


class _Pair:
    """One client's connection and the one made to the server for it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.lost_an_answer = False
        self.is_half_closed = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            _reset(writer)

    def half_close(self) -> None:
        self.is_half_closed = True
        with suppress(OSError, RuntimeError):
            self.client.write_eof()


class FaultProxy:
    """Forwards to a port on this machine, from a port of its own; one thread runs all its connections."""

    def __init__(self, upstream: int) -> None:
        self.port = ports.reserve()
        self._upstream = upstream
        self._mode = Mode.PASS
        self._delay = 0.0
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._moving = asyncio.Event()
        self._moving.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen()).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def set(self, mode: Mode, *, seconds: float = 0.0) -> None:
        """Misbehave so from now on; ``seconds`` is the delay of an answer."""
        self._call(self._set(mode, seconds)).result(10)

    def _call(self, doing: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(doing, self._loop)

    async def _listen(self) -> None:
        self._server: asyncio.Server | None = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        await self._set(Mode.REFUSE, 0.0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _set(self, mode: Mode, seconds: float) -> None:
        self._mode, self._delay = mode, seconds
        if mode is Mode.REFUSE and self._server is not None:
            self._server.close()
            self._server = None
        elif mode is not Mode.REFUSE and self._server is None:
            await self._listen()
        for pair in list(self._pairs):
            if mode in {Mode.RESET, Mode.REFUSE} or (mode is not Mode.DROP_ANSWER and pair.lost_an_answer):
                pair.reset()
            elif mode is Mode.HALF_CLOSE:
                pair.half_close()
        if mode is Mode.BLACKHOLE:
            self._moving.clear()
        else:
            self._moving.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Our end cancels this, and a cancelled connection is one that asyncio complains of.
        with suppress(asyncio.CancelledError):
            try:
                if self._mode is not Mode.RESET:
                    await self._relay(reader, writer)
            except OSError:
                pass
            finally:
                _reset(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._moving.wait()
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream)
        pair = _Pair(writer, to_server)
        self._pairs.add(pair)
        if self._mode is Mode.HALF_CLOSE:
            pair.half_close()
        try:
            await asyncio.gather(self._forward(reader, to_server), self._answer(from_server, pair))
            await _closed(writer)
        finally:
            self._pairs.discard(pair)
            _reset(to_server)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            await self._moving.wait()
            writer.write(piece)
            await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _answer(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        while piece := await reader.read(_PIECE):
            if self._mode is Mode.DELAY:
                await asyncio.sleep(self._delay)
            await self._moving.wait()
            if self._mode is Mode.DROP_ANSWER:
                pair.lost_an_answer = True
            if pair.lost_an_answer or pair.is_half_closed:
                continue
            pair.client.write(piece)
            await pair.client.drain()
        if not pair.is_half_closed:
            with suppress(OSError, RuntimeError):
                pair.client.write_eof()


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close in order, once all that was to be said is said."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    line = writer.get_extra_info("socket")
    if line is not None:
        with suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
