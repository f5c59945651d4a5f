"""Hear that messaging profiles reached their limits at Telnyx, and have what is pending of them decided on again."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from core.deciding import Rules
from core.facts import Need, Signal, SignalKind
from core.reports import SpendLimitReport
from core.scopes import Scope
from ledger.deciding import Cause
from store import reviews, signals


def hear(connection: sa.Connection, told: Sequence[tuple[SpendLimitReport, Cause]], rules: Rules) -> None:
    """Keep limits that were reached, each event's once, and order reviews when a rule looks at them."""
    is_looked_at = any(reach.of_labelled is None for reach in rules.needs.get(Need.SIGNALS, ()))
    causes: dict[str, Cause] = {}
    for report, cause in sorted(told, key=_by_weight):
        limit = Signal(report.source_id, SignalKind.SPEND_LIMIT, report.messaging_profile_id, report.occurred_at)
        signals.add(connection, [limit], received_at=cause.known_at)
        causes.setdefault(report.messaging_profile_id, cause)
    for profile, cause in sorted(causes.items() if is_looked_at else ()):
        reviews.request(
            connection, Scope.PROFILE, profile, event_id=cause.event_id, known_at=cause.known_at, acts=cause.acts
        )


def _by_weight(told: tuple[SpendLimitReport, Cause]) -> tuple[bool, object, str]:
    """Sort what acts before a replay whose effects are off, then by when it was heard."""
    report, cause = told
    return not cause.acts, cause.known_at, report.source_id
