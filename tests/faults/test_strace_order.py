"""The judge of system calls, on records written by hand."""

from __future__ import annotations

import pytest

from tests.faults import strace_order

ID = "0c65b72c-4653-46d0-b828-ffe72244f594"
PORT = 44106
WRITTEN = f'7 pwrite64(16</tmp/r.db-wal>, "\\r\\0{ID}\\177", 4096, 4152) = 4096'
SYNCED = "7 fdatasync(16</tmp/r.db-wal>) = 0"
ANSWERED = f'8 sendto(10<TCP:[127.0.0.1:39061->127.0.0.1:{PORT}]>, "HTTP/1.1 200 OK\\r\\n", 17, 0, NULL, 0) = 190'
SYNC_BEGINS = "7 fdatasync(16</tmp/r.db-wal> <unfinished ...>"
SYNC_ENDS = "7 <... fdatasync resumed>) = 0"
SYNC_FAILED = "7 fdatasync(16</tmp/r.db-wal>) = -1 EIO (Input/output error) (INJECTED)"
OTHER_FILE = "7 fdatasync(18</tmp/r.db>) = 0"
OTHER_CONNECTION = ANSWERED.replace(str(PORT), "50000")
REFUSED = ANSWERED.replace("200 OK", "503 SERVICE UNAVAILABLE")


def judged(tmp_path, *lines: str) -> strace_order.Order:
    record = tmp_path / "record"
    record.write_text("\n".join(lines) + "\n")
    return strace_order.order(record, {ID: PORT})


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((WRITTEN, SYNCED, ANSWERED), id="one after the other"),
        pytest.param((WRITTEN, SYNC_BEGINS, OTHER_CONNECTION, SYNC_ENDS, ANSWERED), id="others in between"),
        pytest.param((WRITTEN, SYNC_FAILED, WRITTEN, SYNCED, ANSWERED), id="the second sync succeeds"),
        pytest.param(
            (
                WRITTEN.replace("/tmp/r.db-wal", "/pg/pg_wal/0001"),
                SYNCED.replace("/tmp/r.db-wal", "/pg/pg_wal/0001"),
                ANSWERED,
            ),
            id="PostgreSQL",
        ),
    ],
)
def test_event_synced_before_its_answer_is_proven(tmp_path, lines):
    found = judged(tmp_path, *lines)
    assert (found.proven, found.too_early, found.unseen) == (1, (), ())


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((WRITTEN, ANSWERED), id="never synced"),
        pytest.param((WRITTEN, ANSWERED, SYNCED), id="synced afterwards"),
        pytest.param((SYNCED, WRITTEN, ANSWERED), id="synced before it was written"),
        pytest.param((WRITTEN, SYNC_BEGINS, ANSWERED, SYNC_ENDS), id="answered during the sync"),
        pytest.param((SYNC_BEGINS, WRITTEN, SYNC_ENDS, ANSWERED), id="written during the sync"),
        pytest.param((WRITTEN, SYNC_FAILED, ANSWERED), id="the sync failed"),
        pytest.param((WRITTEN, OTHER_FILE, ANSWERED), id="another file was synced"),
        pytest.param((ANSWERED, WRITTEN, SYNCED), id="answered before it was written"),
    ],
)
def test_event_answered_before_its_sync_is_found(tmp_path, lines):
    found = judged(tmp_path, *lines)
    assert (found.proven, found.too_early) == (0, (ID,))


@pytest.mark.parametrize("answer", [OTHER_CONNECTION, REFUSED])
def test_answer_that_the_record_does_not_hold_proves_nothing(tmp_path, answer):
    found = judged(tmp_path, WRITTEN, SYNCED, answer)
    assert (found.proven, found.unseen) == (0, (ID,))
