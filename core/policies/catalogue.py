"""All policies there are, and how their settings become rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

from core.deciding import Mode, Rule
from core.policies import hold, opt_out, stale_campaign


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The settings of every policy, one field each, named as the policy."""

    opt_out: opt_out.Settings = field(default_factory=opt_out.Settings)
    stale_campaign: stale_campaign.Settings = field(default_factory=stale_campaign.Settings)


def fingerprint(settings: PolicySettings) -> str:
    """Return 16 hexadecimal digits that differ when the settings do."""
    told = json.dumps(
        asdict(settings),
        sort_keys=True,
        default=lambda value: sorted(value) if isinstance(value, frozenset) else str(value),
    )
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def rules(settings: PolicySettings) -> Sequence[Rule]:
    """Return the rules that these settings make, and the operator's gates, which nothing can set."""
    chosen = (
        Rule(
            name=policy.NAME,
            mode=getattr(settings, policy.NAME).mode,
            judge=partial(policy.judge, settings=getattr(settings, policy.NAME)),
            priority=policy.PRIORITY,
        )
        for policy in (opt_out, stale_campaign)
    )
    return (*chosen, Rule(hold.NAME, Mode.ENFORCE, hold.judge, hold.PRIORITY))
