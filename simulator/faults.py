"""Rules that make webhooks and API answers go wrong on purpose.

A rule is given as JSON: ``{"kind": ..., "times": n or null, "probability": p}``,
a filter (``message_id``; ``event_type`` for webhooks; ``method`` for the API;
``path``: a part of the request's path or of the webhook's URL), and what its kind
needs: ``seconds``, ``copies``, ``status``, ``body``, ``headers``, ``apply``.
``admin`` lists them all. What a kind does is written where it is done:
``webhooks`` and ``api``.
"""

import itertools
import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    #: An event is delivered ``copies`` times in all (2), each with its own attempts.
    DUPLICATE = "duplicate"
    #: An event is held for a random part of ``seconds``, so that those of one window are shuffled.
    REORDER = "reorder"
    #: An event is held for ``seconds``.
    DELAY = "delay"
    #: An event is never sent at all.
    DROP = "drop"
    #: An attempt is not sent and counts as failed.
    LOSE = "lose"
    #: An attempt is signed by another key.
    BAD_SIGNATURE = "bad_signature"
    #: An attempt is signed correctly, ``seconds`` in the past (3600).
    STALE = "stale"

    #: 429 with Telnyx's rate limit headers, reset in ``seconds``.
    RATE_LIMIT = "rate_limit"
    #: ``status`` (503), and ``body`` as JSON or, when it is a string, as HTML.
    ERROR = "error"
    #: Nothing for ``seconds``, then a 504; the request is not applied.
    HANG_BEFORE = "hang_before"
    #: The request is applied, and answered ``seconds`` later.
    HANG_AFTER = "hang_after"
    #: The connection is closed with no answer; ``apply`` says whether the request was applied.
    CLOSE = "close"
    #: The answer takes ``seconds`` longer.
    LATENCY = "latency"
    #: Whatever ``status``, ``body`` and ``headers`` say; ``apply`` says whether the request was applied.
    ANSWER = "answer"
    #: The request is applied and its answer wrapped in ``data``.
    WRAPPED = "wrapped"
    #: The request is applied and answered 204 with no body.
    EMPTY = "empty"
    #: ``status`` (307) to ``location``; the request is not applied.
    REDIRECT = "redirect"


EVENT_KINDS = frozenset({FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY, FaultKind.DROP})
ATTEMPT_KINDS = frozenset({FaultKind.LOSE, FaultKind.BAD_SIGNATURE, FaultKind.STALE})
REQUEST_KINDS = frozenset(FaultKind) - EVENT_KINDS - ATTEMPT_KINDS

_WHOLE = frozenset({"times", "copies", "status"})
_NUMBERS = _WHOLE | {"probability", "seconds"}


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One thing that goes wrong, how often, and for whom."""

    kind: FaultKind
    id: int = 0
    #: How many times it still strikes; None is always.
    times: int | None = None
    probability: float = 1.0
    message_id: str | None = None
    event_type: str | None = None
    method: str | None = None
    path: str | None = None
    seconds: float | None = None
    copies: int = 2
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    location: str = "/"
    apply: bool = False
    #: How many times it has struck.
    struck: int = 0

    @classmethod
    def from_json(cls, rule: Mapping[str, Any]) -> "FaultRule":
        """Read a rule; raises ``ValueError`` for an unknown kind or field."""
        unknown = sorted(set(rule) - {each.name for each in fields(cls)} | {"id", "struck"} & set(rule))
        if unknown:
            raise ValueError(f"A fault rule has no field {', '.join(unknown)}.")
        for name in sorted(_NUMBERS & set(rule)):
            value = rule[name]
            kind = int if name in _WHOLE else int | float
            if value is not None and (isinstance(value, bool) or not isinstance(value, kind) or value < 0):
                raise ValueError(f"The field '{name}' of a fault rule is a number of 0 or more.")
        try:
            return cls(**{**rule, "kind": FaultKind(rule.get("kind", ""))})
        except ValueError:
            raise ValueError(f"The kind of a fault is one of {', '.join(FaultKind)}.") from None

    def concerns(self, *, message_id: str | None, path: str, event_type: str | None, method: str | None) -> bool:
        """Whether this is a webhook or a request that the rule's filter lets through."""
        return (
            self.message_id in (None, message_id)
            and self.event_type in (None, event_type)
            and (self.method is None or self.method.upper() == method)
            and (self.path is None or self.path in path)
        )


class FaultBook:
    """The rules in force. Safe to use from many threads; chance comes from the given source."""

    def __init__(self, chance: random.Random) -> None:
        self._lock = threading.Lock()
        self._chance = chance
        self._rules: list[FaultRule] = []
        self._ids = itertools.count(1)

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force, after those already there."""
        with self._lock:
            rule.id = next(self._ids)
            self._rules.append(rule)
        return rule

    def clear(self, rule_id: int | None = None) -> None:
        """Take one rule out of force, or all of them."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]

    def as_json(self) -> list[dict[str, Any]]:
        """All rules, those that have run out included."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def strike(
        self,
        kinds: frozenset[FaultKind],
        *,
        message_id: str | None,
        path: str = "",
        event_type: str | None = None,
        method: str | None = None,
    ) -> list[FaultRule]:
        """Choose the rules of these kinds that strike now; each one's count goes down."""
        with self._lock:
            return [
                rule
                for rule in self._rules
                if rule.kind in kinds
                and rule.concerns(message_id=message_id, path=path, event_type=event_type, method=method)
                and self._strikes(rule)
            ]

    def fraction(self) -> float:
        """Draw a random number between 0 and 1."""
        with self._lock:
            return self._chance.random()

    def _strikes(self, rule: FaultRule) -> bool:
        if rule.times is not None and rule.times <= rule.struck:
            return False
        if self._chance.random() >= rule.probability:
            return False
        rule.struck += 1
        return True
