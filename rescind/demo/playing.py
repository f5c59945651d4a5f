"""The demonstration itself, act by act."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx

from rescind.demo import verdict
from rescind.demo.clients import Rescind, Telnyx, elapsed
from rescind.demo.plot import ENDED, Planned, Plot
from rescind.demo.screen import Screen
from rescind.demo.verdict import Expected

#: So fast do recipients write, one after the other.
_BETWEEN_TEXTS = 0.06
_LOOK = 0.1
_WATCH = 0.3
#: Reasons that are looked up at once: the audience reads no faster.
_REASONS = 6
_PATIENCE = 20.0
_LATER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it came out."""

    faults: list[str]
    scheduled: int
    cancelled: int
    kept: int
    median_seconds: float
    """From a recipient's STOP to the cancellation of a message, at Telnyx."""
    slowest_seconds: float


@dataclass(slots=True)
class Play:
    """Plays a plot between a simulated Telnyx and Rescind, and judges the outcome."""

    plot: Plot
    telnyx: Telnyx
    rescind: Rescind
    screen: Screen
    require_alive: Callable[[], None]
    _of: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(recipient, campaign) by message id, of all that was registered."""
    _refused_at: dict[str, datetime] = field(default_factory=dict)
    _spared: set[str] = field(default_factory=set)
    """Messages that go to somebody who refused, but consented again before."""
    _campaign_has_ended: bool = False

    def perform(self) -> Outcome:
        """Play all acts."""
        self._schedule(
            self.plot.scheduled, f"schedule {len(self.plot.scheduled)} messages at Telnyx, and register them"
        )
        delivered = [self.telnyx.send(to) for to in self.plot.immediate]
        self._let_recipients_write()
        self.screen.act(f"schedule one more for {self.plot.pestered}, who said “Stop!”: Telnyx does not block that")
        self._add(Planned(self.plot.pestered, "webinar", _LATER))
        self._take_back()
        self.screen.act("wait for the last cancellation")
        self._wait(lambda: self.rescind.ledger()["cancelled"] >= len(self._to_cancel()))
        self._wait(lambda: self._are_delivered(delivered))
        self.screen.act("compare with the simulator's own record")
        return self._judge(delivered)

    def watch(self, is_over: threading.Event) -> None:
        """Keep the screen up to date, from a thread of its own."""
        shown: set[str] = set()
        while not is_over.wait(_WATCH):
            with suppress(httpx.HTTPError, KeyError):
                self.screen.sums(self.rescind.ledger())
                fresh = [each for each in self.rescind.cancelled() if each["id"] not in shown]
                for message in fresh[:_REASONS]:
                    shown.add(message["id"])
                    reasons = [each["reason"] for each in self.rescind.why(message["id"])["decisions"]]
                    self.screen.cancelled(message, reasons[-1] if reasons else "")

    def _schedule(self, planned: tuple[Planned, ...], title: str) -> None:
        self.screen.act(title)
        answers = self.telnyx.schedule(planned)
        self.rescind.register(answers, [each.campaign for each in planned])
        self._of |= {answer["id"]: (each.to, each.campaign) for answer, each in zip(answers, planned, strict=True)}

    def _add(self, planned: Planned) -> str:
        before = set(self._of)
        answers = self.telnyx.schedule([planned])
        self.rescind.register(answers, [planned.campaign])
        self._of |= {answers[0]["id"]: (planned.to, planned.campaign)}
        return next(iter(set(self._of) - before))

    def _let_recipients_write(self) -> None:
        refusals, chatter = self.plot.refusals, self.plot.chatter
        self.screen.act(f"{len(refusals)} recipients say STOP in their own words, {len(chatter)} say something else")
        texts = [*refusals, *chatter]
        random.Random(len(texts)).shuffle(texts)  # noqa: S311 - a story, no secret
        for at, (who, words) in enumerate(texts):
            if at == len(texts) // 2:
                self.rescind.end_campaign(ENDED)
                self._campaign_has_ended = True
                self.screen.act(f"meanwhile, end the campaign “{ENDED}”")
            if (who, words) in refusals:
                self._refused_at[who] = datetime.now(UTC)
            self.telnyx.says(who, words)
            self.screen.expect(len(self._to_cancel()))
            time.sleep(_BETWEEN_TEXTS)

    def _take_back(self) -> None:
        who = self.plot.returning
        self.screen.act(f"{who} said STOP, now says START, and gets one more message: that one must go out")
        theirs = {message for message, (to, _) in self._of.items() if to == who}
        self._wait(lambda: theirs <= {each["id"] for each in self.rescind.cancelled(to=who)})
        self.telnyx.says(who, "START")
        self._wait(lambda: self.rescind.knows_start_of(who))
        self._spared.add(self._add(Planned(who, "webinar", _LATER)))

    def _to_cancel(self) -> set[str]:
        return {
            message
            for message, (to, campaign) in self._of.items()
            if message not in self._spared
            and (to in self._refused_at or (campaign == ENDED and self._campaign_has_ended))
        }

    def _are_delivered(self, ids: list[str]) -> bool:
        status = {each["id"]: each["to"][0]["status"] for each in self.telnyx.messages()}
        return all(status[each] == "delivered" for each in ids)

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Wait until it is so, but not for ever: the verdict will say what is missing."""
        until = time.monotonic() + _PATIENCE
        while not condition() and time.monotonic() < until:
            self.require_alive()
            time.sleep(_LOOK)

    def _judge(self, delivered: list[str]) -> Outcome:
        cancelled = self._to_cancel()
        expected = Expected(cancelled=cancelled, kept=set(self._of) - cancelled, delivered=set(delivered))
        messages, ledger = self.telnyx.messages(), self.rescind.ledger()
        self.screen.expect(len(cancelled))
        self.screen.sums(ledger)
        faults = verdict.faults(expected, messages=messages, requests=self.telnyx.requests(), ledger=ledger)
        took = sorted(self._latencies(messages)) or [0.0]
        return Outcome(faults, len(self._of), len(cancelled), len(expected.kept), median(took), took[-1])

    def _latencies(self, messages: list[dict[str, Any]]) -> list[float]:
        """Return the seconds from each STOP to the cancellations that it alone caused."""
        return [
            elapsed(self._refused_at[self._of[each["id"]][0]], entry["at"]).total_seconds()
            for each in messages
            for entry in each["history"]
            if entry["status"] == "cancelled" and self._is_by_stop(each["id"])
        ]

    def _is_by_stop(self, message: str) -> bool:
        to, campaign = self._of.get(message, ("", ""))
        return to in self._refused_at and campaign != ENDED and to != self.plot.pestered
