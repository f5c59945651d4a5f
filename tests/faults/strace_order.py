"""Reads what strace wrote down and says of each answered event whether it was on disk before its answer left.

A SIGKILL loses nothing that a process has written, synced or not; only a power cut would. So it is shown by the
order of the system calls: the event's bytes go into the write-ahead log, a sync of that log returns 0, and only then
does the ``HTTP/1.1 200`` leave on the connection that brought the event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: SQLite's log lies beside its database, PostgreSQL's in a folder of its own.
_WAL = re.compile(r"-wal>|/pg_wal/")
_LINE = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)")
_UNFINISHED = " <unfinished ...>"
_PEER_PORT = re.compile(r"->(?:[\d.]+|\[[\da-f:]+\]):(\d+)\]>")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_RESULT = re.compile(r"= (-?\d+)[^=]*$")
_SYNCS = {"fdatasync", "fsync"}
_NEVER = 1 << 62


@dataclass(slots=True)
class Call:
    """One system call: which, on what, and where in the record it began and ended."""

    name: str
    told: str
    began: int
    ended: int = _NEVER
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What the record says of the events that were answered 200."""

    proven: int
    """Written, synced, and then answered."""
    too_early: tuple[str, ...]
    """Answered before a sync of what was written for them had returned 0."""
    unseen: tuple[str, ...]
    """Of which the record shows no answer, so that it proves nothing."""
    syncs: int
    """How many times the log was synced in all."""


def order(record: Path, answered: Mapping[str, int]) -> Order:
    """Judge the events that a client was answered 200, each given with the port that the client had for it alone."""
    found = _read(record)
    good = [sync for sync in found.syncs if sync.result == 0]
    proven, too_early, unseen = 0, [], []
    for event_id, port in answered.items():
        sent = found.sent.get(port)
        written = found.written.get(event_id, _NEVER)
        if sent is None:
            unseen.append(event_id)
        elif any(written < sync.began and sync.ended < sent for sync in good):
            proven += 1
        else:
            too_early.append(event_id)
    return Order(proven, tuple(too_early), tuple(unseen), len(found.syncs))


@dataclass(frozen=True, slots=True)
class _Record:
    written: dict[str, int]
    """By event, where its first write to the log ended."""
    syncs: list[Call]
    sent: dict[int, int]
    """By the client's port, where its first 200 began to leave."""


def _read(record: Path) -> _Record:
    found = _Record({}, [], {})
    for call in calls(record):
        head = call.told[:400]
        if _WAL.search(head) and call.name in _SYNCS:
            found.syncs.append(call)
        elif _WAL.search(head):
            for event_id in _UUID.findall(call.told):
                found.written.setdefault(event_id, call.ended)
        elif '"HTTP/1.1 200' in head and (peer := _PEER_PORT.search(head)):
            found.sent.setdefault(int(peer[1]), call.began)
    return found


def calls(record: Path) -> Iterator[Call]:
    """Yield the calls as they ended, those that never did last."""
    begun: dict[str, Call] = {}
    with record.open(errors="replace") as lines:
        for number, line in enumerate(lines):
            found = _LINE.match(line)
            if found is None:
                continue
            if found["resumed"]:
                call = begun.pop(found["pid"], None)
                if call is None:
                    continue
            else:
                call = Call(found["name"], found["rest"], began=number)
                if _UNFINISHED in found["rest"][-len(_UNFINISHED) - 2 :]:
                    begun[found["pid"]] = call
                    continue
            result = _RESULT.search(found["rest"][-200:])
            call.ended = number
            call.result = int(result[1]) if result else None
            yield call
    yield from begun.values()
