"""The two sides that the demonstration talks to, both over HTTP as anybody would."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from rescind.demo.plot import SENDER, Planned

_TIMEOUT = 10.0
_AT_ONCE = 8
_BATCH = 100
_PAGE = 200


class Telnyx:
    """The simulated account: its public API, and what steers the simulator."""

    def __init__(self, url: str) -> None:
        # The address is a loopback one; a proxy of the machine has no business in between.
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer KEY_demo"}, timeout=_TIMEOUT, trust_env=False
        )

    def schedule(self, planned: Sequence[Planned]) -> list[dict[str, Any]]:
        """Schedule messages, several at once, and return Telnyx's answers in order."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._schedule, planned))

    def send(self, to: str) -> str:
        """Send a message at once and return its id."""
        return str(self._post("/v2/messages", {"from": SENDER, "to": to, "text": "Your code is 123456."})["id"])

    def says(self, who: str, words: str) -> None:
        """Let a recipient write to us."""
        self._post("/_sim/inbound", {"from": who, "to": SENDER, "text": words})

    def messages(self) -> list[dict[str, Any]]:
        """Return the simulator's record of every message."""
        return list(self._http.get("/_sim/messages").raise_for_status().json()["data"])

    def requests(self) -> list[dict[str, Any]]:
        """Return the simulator's record of every request that it got."""
        return list(self._http.get("/_sim/requests").raise_for_status().json()["data"])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _schedule(self, planned: Planned) -> dict[str, Any]:
        send_at = datetime.now(UTC) + planned.ahead
        body = {"from": SENDER, "to": planned.to, "text": f"News of {planned.campaign}", "send_at": send_at.isoformat()}
        return self._post("/v2/messages", body)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self._http.post(path, json=body).raise_for_status().json()["data"])


class Rescind:
    """Rescind's own API, as an application uses it."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT, trust_env=False
        )

    def register(self, answers: Sequence[dict[str, Any]], campaigns: Sequence[str]) -> list[dict[str, Any]]:
        """Register scheduled messages and return what Rescind decided of each."""
        bodies = [{"data": data, "campaign": campaign} for data, campaign in zip(answers, campaigns, strict=True)]
        told: list[dict[str, Any]] = []
        for start in range(0, len(bodies), _BATCH):
            body = {"messages": bodies[start : start + _BATCH]}
            told += self._http.post("/v1/messages", json=body).raise_for_status().json()["data"]
        return told

    def end_campaign(self, key: str) -> None:
        """Say that a campaign has ended."""
        self._http.put(f"/v1/campaigns/{key}", json={"status": "ended"}).raise_for_status()

    def ledger(self) -> dict[str, Any]:
        """Return the ledger's sums."""
        return dict(self._http.get("/v1/ledger").raise_for_status().json()["data"])

    def cancelled(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Return the messages that are cancelled, by Rescind's own account."""
        asked: dict[str, str | int] = {"ledger": "cancelled", "limit": _PAGE}
        if to:
            asked["to"] = to
        return list(self._http.get("/v1/messages", params=asked).raise_for_status().json()["data"])

    def why(self, message_id: str) -> dict[str, Any]:
        """Return the story of one message."""
        return dict(self._http.get(f"/v1/messages/{message_id}/why").raise_for_status().json()["data"])

    def knows_start_of(self, phone_number: str) -> bool:
        """Return True when a recipient's START has been applied."""
        answer = self._http.get(f"/v1/recipients/{phone_number}").raise_for_status().json()["data"]
        return not answer["opted_out"]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def elapsed(since: datetime, until: str) -> timedelta:
    """Return the time from a moment to one that the simulator recorded."""
    return datetime.fromisoformat(until) - since
