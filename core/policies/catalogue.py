"""All policies there are, and how their settings become rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points

from core.deciding import Mode, Rule, Rules
from core.policies import (
    anomaly,
    budget,
    do_not_contact,
    duplicate,
    expired,
    frequency_cap,
    goal_reached,
    hard_failure,
    hold,
    installed,
    opt_out,
    quiet_hours,
    reply_stops,
    sender_state,
    soft_failures,
    stale_campaign,
    superseded,
)
from core.policies.installed import Guarded
from core.policies.shape import Policy, Settings, needs_of

#: In the order in which they are asked: consent, carriers, time, business.
OURS: tuple[Policy, ...] = (
    opt_out,
    do_not_contact,
    stale_campaign,
    sender_state,
    quiet_hours,
    expired,
    superseded,
    frequency_cap,
    duplicate,
    goal_reached,
    reply_stops,
    hard_failure,
    soft_failures,
    anomaly,
    budget,
)

#: By these somebody is refused, or has refused, whatever the message.
REFUSALS = frozenset({opt_out.NAME, do_not_contact.NAME})


@cache
def known() -> Mapping[str, Policy]:
    """Return every policy by its name: ours, then those that installed packages bring. Raises SettingsError."""
    return with_installed(entry_points(group=installed.ENTRY_POINTS))


def with_installed(entries: Iterable[EntryPoint]) -> Mapping[str, Policy]:
    """Return ours by name, then those that these entry points name. Raises SettingsError."""
    ours = {policy.NAME: policy for policy in OURS}
    return ours | installed.found(entries, taken={hold.NAME, *ours})


def packages() -> Mapping[str, str]:
    """Return which package each policy that is not ours came with, and in which version."""
    entries = entry_points(group=installed.ENTRY_POINTS)
    return {entry.name: f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown" for entry in entries}


def rules(**chosen: Settings) -> Rules:
    """Return the rules that these settings make, by the policy's name; what is not given is as by default."""
    return rules_among(known(), chosen)


def rules_among(
    policies: Mapping[str, Policy],
    chosen: Mapping[str, Settings],
    *,
    tell: Callable[[str, str], object] | None = None,
) -> Rules:
    """Return the rules that these settings of these policies make. Raises SettingsError.

    The operator's gates, which nothing can set, are asked first. ``tell`` is told the name of a policy that is not
    ours when it fails for the first time, and how.
    """
    settings = {name: chosen.get(name, policy.Settings()) for name, policy in policies.items()}
    gates = Rule(hold.NAME, Mode.ENFORCE, hold.judge, hold.PRIORITY)
    every = (_rule(policy, settings[name], tell) for name, policy in policies.items())
    return Rules((gates, *every), fingerprint(settings), as_json(settings))


def refusing(rules: Rules) -> Rules:
    """Return those of the rules by which somebody is refused, or has refused, that act."""
    return Rules(tuple(rule for rule in rules if rule.mode is Mode.ENFORCE and rule.name in REFUSALS))


def fingerprint(settings: Mapping[str, Settings]) -> str:
    """Return 16 hexadecimal digits that differ when the settings do."""
    return hashlib.sha256(json.dumps(as_json(settings), sort_keys=True).encode()).hexdigest()[:16]


def as_json(settings: Mapping[str, Settings]) -> dict[str, dict[str, object]]:
    """Return settings as JSON values, durations in seconds."""
    return {
        name: {key: _plain(value) for key, value in asdict(each).items()}  # type: ignore[call-overload]  # dataclasses
        for name, each in settings.items()
    }


def _plain(value: object) -> object:
    match value:
        case frozenset():
            return sorted(str(each) for each in value)
        case tuple():
            return [_plain(each) for each in value]
        case timedelta():
            return value.total_seconds()
        case None | bool() | int() | float():
            return value
    return str(value)


def _rule(policy: Policy, settings: Settings, tell: Callable[[str, str], object] | None) -> Rule:
    judge = partial(policy.judge, settings=settings)
    is_ours = policy in OURS
    return Rule(
        name=policy.NAME,
        mode=settings.mode,
        judge=judge if is_ours else Guarded(policy.NAME, judge, tell),
        priority=policy.PRIORITY,
        exempt=settings.exempt,
        needs=needs_of(policy, settings) if is_ours else installed.needs(policy, settings),
    )
