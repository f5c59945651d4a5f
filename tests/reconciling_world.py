"""What Telnyx lists, as a test chooses, and a reconciler that asks for it without waiting."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from schemas.secret import Secret
from store import tables
from store.engine import Database
from tests.cancelling_world import FAST, KEY
from tests.reports import ALICE, NOW, PROFILE, follow
from tests.scripted_telnyx import NOT_FOUND, Reply, Request
from workers.applying import Applier
from workers.inquiring import PAGE_TIMEOUT
from workers.pacing import Pacer
from workers.reconciling import Reconciler
from workers.telnyx import TelnyxClient


class Waits:
    """Waits on a clock of its own, in no time."""

    def __init__(self) -> None:
        self.total = 0.0
        self.is_told_to_stop = False

    def __call__(self, seconds: float) -> bool:
        self.total += seconds
        return self.is_told_to_stop

    def clock(self) -> float:
        """Stands still between the waits, so that what is waited for does not depend on how quick this machine is."""
        return self.total


class World:
    """A reconciler over one database and one Telnyx."""

    def __init__(
        self,
        database: Database,
        url: str,
        *,
        now: Callable[[], datetime] | None = None,
        rate: int = FAST,
        timeout: timedelta = PAGE_TIMEOUT,
    ):
        """``timeout`` is the product's; only a test of a Telnyx that hangs gives up sooner."""
        self.database = database
        self.at = NOW
        self.now = now or (lambda: self.at)
        self.waits = Waits()
        self.rung = 0
        self.reconciler = Reconciler(
            database=database,
            client=TelnyxClient(Secret(KEY), url, timeout=timeout),
            pacer=Pacer(rate, None, share=0.2, clock=self.waits.clock),
            rules=follow,
            ring=self._ring,
            now=self.now,
            wait=self.waits,
        )

    def _ring(self) -> None:
        self.rung += 1

    def apply(self) -> None:
        applier = Applier(self.database, follow, self.now)
        while applier.apply():
            pass

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        with self.database.read() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(sa.select(table))))
                for table in tables.metadata.sorted_tables
            }

    def close(self) -> None:
        self.reconciler.close()


class Lists:
    """Telnyx's lists and messages, as a script of ``ScriptedTelnyx``; what is in ``broken`` is answered so."""

    def __init__(self) -> None:
        self.failed: list[Any] = []
        self.delivered: list[Any] = []
        self.opt_outs: list[Any] = []
        self.messages: dict[str, Reply] = {}
        self.broken: dict[str, list[Reply]] = {}
        self.queries: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: Request, _nth: int) -> Reply:
        parts = urlsplit(request.path)
        name = parts.path.split("/")[2]
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.queries.append((name, query))
        if self.broken.get(name):
            return self.broken[name].pop(0)
        if name == "messages":
            return self.messages.get(request.message_id, NOT_FOUND)
        rows = self.opt_outs
        if name == "webhook_deliveries":
            rows = self.failed if query["filter[status][eq]"] == "failed" else self.delivered
        elif profile := query.get("filter[messaging_profile_id]"):
            rows = [row for row in rows if isinstance(row, dict) and row.get("messaging_profile_id") == profile]
        number, size = int(query["page[number]"]), int(query["page[size]"])
        pages = max(1, -(-len(rows) // size))
        meta = {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(rows)}
        return Reply(200, {"data": rows[(number - 1) * size : number * size], "meta": meta})

    def asked(self, name: str) -> int:
        return sum(1 for each, _ in self.queries if each == name)


def delivery(webhook: object) -> dict[str, Any]:
    """A record of ``GET /v2/webhook_deliveries``."""
    return {"id": str(uuid.uuid4()), "record_type": "webhook_delivery", "status": "failed", "webhook": webhook}


def opt_out(
    *, to: str = ALICE, created_at: datetime = NOW, profile: str | None = PROFILE, keyword: str | None = "STOP"
) -> dict[str, Any]:
    """A row of ``GET /v2/messaging_optouts``."""
    written = created_at.isoformat(sep=" ", timespec="microseconds")
    return {
        "from": "+15557650900",
        "to": to,
        "messaging_profile_id": profile,
        "keyword": keyword,
        "created_at": written,
    }
