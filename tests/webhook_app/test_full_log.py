"""The server with a full disk behind its log: it says nothing, and takes every event all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.receiving_world import PATH, rows_of, served

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
def test_full_disk_behind_the_log_fails_no_request(sqlite_url, tmp_path):
    (tmp_path / "web.log").symlink_to(FULL)
    with (
        served(tmp_path, sqlite_url) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
    ):
        statuses = []
        for _ in range(100):
            body = telnyx.raw(telnyx.event())
            statuses.append(
                client.post(PATH, content=body, headers=telnyx.headers(body, datetime.now(UTC))).status_code
            )
        forged = client.post(PATH, content=body, headers=telnyx.headers(body, datetime.now(UTC), key=telnyx.OTHER_KEY))
    assert set(statuses) == {200}
    assert forged.status_code == 401
    database = Database(sqlite_url)
    assert len(rows_of(database)) == 100
    database.dispose()
