"""An application that knows nothing of Rescind: it keeps Telnyx's ids, and they are imported from there.

    DATABASE_URL=… TELNYX_API_KEY=KEY… FROM=+15557650900 TO=+15557650101 python examples/export_and_import.py

Good for what was scheduled before Rescind came, and every few minutes for an application that nobody may change. Until
the next import a message cannot be cancelled, so either of the other two ways is better where it can be had.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telnyx import APIError, Telnyx


def schedule(database: sqlite3.Connection) -> int:
    """Be the application: schedule at Telnyx, and keep the ids. Return how many failed."""
    telnyx = Telnyx(api_key=setting("TELNYX_API_KEY"), max_retries=0)
    failed = 0
    for number in filter(None, os.environ.get("TO", "").split(",")):
        send_at = datetime.now(UTC) + timedelta(hours=2)
        try:
            answer = telnyx.messages.schedule(
                to=number, from_=setting("FROM"), text="The sale starts now!", send_at=send_at
            )
        except APIError as error:
            # Telnyx itself refuses whoever said STOP. That is no reason to leave out the others.
            failed += 1
            print(f"{number} failed: {error}", flush=True)
            continue
        if answer.data is not None:
            database.execute(
                "INSERT INTO scheduled VALUES (?, ?, ?)",
                (answer.data.id, os.environ.get("CAMPAIGN"), send_at.isoformat()),
            )
            database.commit()
    return failed


def export(database: sqlite3.Connection, path: Path) -> None:
    """Write out what is still to be sent, in the columns that ``rescind import`` reads."""
    rows = database.execute("SELECT id, campaign, send_at FROM scheduled WHERE send_at > ?", (_now(),))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "campaign", "send_at"])
        writer.writerows(rows)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def main() -> int:
    """Schedule, export and import. What is registered already is not asked for again, so the whole may be repeated."""
    database = sqlite3.connect(os.environ.get("APPLICATION", "application.db"))
    database.execute("CREATE TABLE IF NOT EXISTS scheduled (id TEXT PRIMARY KEY, campaign TEXT, send_at TEXT)")
    failed = schedule(database)
    path = Path(os.environ.get("EXPORT", "scheduled.csv"))
    export(database, path)
    database.close()
    # As `rescind import scheduled.csv --errors failed.csv` by hand or by cron; it exits with 1 when lines failed.
    command = [sys.executable, "-m", "rescind", "import", str(path), "--errors", str(path.with_suffix(".failed.csv"))]
    return subprocess.run(command, check=False).returncode or (1 if failed else 0)


def setting(name: str) -> str:
    """Return what the environment says, or end with a line that tells what it lacks."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; the first lines of this file tell what is needed")


if __name__ == "__main__":
    sys.exit(main())
