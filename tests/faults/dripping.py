"""Slow senders, a process of their own: ``python -m tests.faults.dripping PORT HOW_MANY``.

Half of them never end the head of their request, the others never end its body: a byte a second each. Who is sent
away comes back. Prints a line again and again: how many have come, and how many of them were sent away.
"""

from __future__ import annotations

import asyncio
import sys

from tests.faults.sending import PRIMARY_PATH

_START = f"POST {PRIMARY_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
#: What comes before a body that is to have a thousand bytes.
_HEAD = _START + b"Content-Length: 1000\r\nTelnyx-Timestamp: 1700000000\r\nTelnyx-Signature-Ed25519: AAAA\r\n\r\n{"
_EVERY = 1.0
_sent_away = 0
_came = 0


async def drip(port: int, start: bytes) -> None:
    """Send a byte a second on one connection after another."""
    global _sent_away, _came  # noqa: PLW0603 - counters of this process
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(start)
            _came += 1
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                try:
                    async with asyncio.timeout(_EVERY):
                        await reader.read(4096)
                except TimeoutError:
                    continue
                break
            writer.close()
        except OSError:
            await asyncio.sleep(_EVERY)
        _sent_away += 1


async def main(port: int, how_many: int) -> None:
    """Drip for ever."""
    async with asyncio.TaskGroup() as tasks:
        for number in range(how_many):
            tasks.create_task(drip(port, _HEAD if number % 2 else _START))
        while True:
            await asyncio.sleep(_EVERY / 4)
            print(_came, _sent_away, flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
