"""All policies there are, and how their settings become rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from core.deciding import Act, Mode, Rule, Rules, Verdict
from core.errors import SettingsError
from core.facts import Facts, MessageClass, Need, Reach
from core.policies import hold, opt_out, stale_campaign

#: Under which a package that brings a policy of its own declares the module.
ENTRY_POINTS = "rescind.policies"


class Settings(Protocol):
    """What the settings of every policy have in common; each is a frozen dataclass."""

    @property
    def mode(self) -> Mode:
        """Return whether it acts."""

    @property
    def exempt(self) -> frozenset[MessageClass]:
        """Return the classes that it is not asked about."""


class Policy(Protocol):
    """A module that is a policy. One that needs more than the message has ``needs(settings)`` besides."""

    NAME: str
    PRIORITY: int
    SOURCE: str
    """What it rests on: a law, a provider's page, a practice."""
    Settings: type[Any]

    def judge(self, facts: Facts, settings: Any) -> Verdict:  # noqa: ANN401 - each policy has settings of its own
        """Return what it says of a message."""


#: In the order in which they are asked: consent, carriers, time, business.
OURS: tuple[Policy, ...] = (opt_out, stale_campaign)


@cache
def known() -> Mapping[str, Policy]:
    """Return every policy by its name: ours, then those that installed packages bring. Raises SettingsError."""
    found = {policy.NAME: policy for policy in OURS}
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        if entry.name in found or entry.name == hold.NAME:
            raise SettingsError(f"{_origin(entry)}: there is a policy {entry.name!r} already; give it another name")
        found[entry.name] = _loaded(entry)
    return found


def rules(**chosen: Settings) -> Rules:
    """Return the rules that these settings make, by the policy's name; what is not given is as by default.

    The operator's gates, which nothing can set, are asked first.
    """
    settings = {name: chosen.get(name, policy.Settings()) for name, policy in known().items()}
    return Rules(
        (Rule(hold.NAME, Mode.ENFORCE, hold.judge, hold.PRIORITY), *map(_rule, settings, settings.values())),
        fingerprint(settings),
    )


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


def _rule(name: str, settings: Settings) -> Rule:
    policy = known()[name]
    judge = partial(policy.judge, settings=settings)
    return Rule(
        name=name,
        mode=settings.mode,
        judge=judge if policy in OURS else partial(_guarded, name, judge),
        priority=policy.PRIORITY,
        exempt=settings.exempt,
        needs=needs_of(policy, settings),
    )


def needs_of(policy: Policy, settings: Settings) -> Mapping[Need, Reach]:
    """Return what a policy looks at besides the message under these settings."""
    asks = getattr(policy, "needs", None)
    return asks(settings) if asks else {}


def _guarded(name: str, judge: Callable[[Facts], object], facts: Facts) -> Verdict:
    """Ask a policy that is not ours: its mistakes must not keep others from being heard."""
    try:
        verdict = judge(facts)
    except Exception as error:  # noqa: BLE001 - whatever somebody else's code raises
        return Verdict(Act.HOLD, name, f"policy {name} failed: {type(error).__name__}: {error}")
    if not isinstance(verdict, Verdict):
        return Verdict(Act.HOLD, name, f"policy {name} failed: it answered {type(verdict).__name__}, not a Verdict")
    return verdict


def _loaded(entry: EntryPoint) -> Policy:
    try:
        policy = entry.load()
    except Exception as error:
        raise SettingsError(f"{_origin(entry)} cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [name for name in ("NAME", "PRIORITY", "SOURCE", "Settings", "judge") if not hasattr(policy, name)]
    if missing:
        raise SettingsError(f"{_origin(entry)} has no {' and no '.join(missing)}; a policy has them all")
    if entry.name != policy.NAME:
        raise SettingsError(f"{_origin(entry)} calls itself {policy.NAME!r}; the names must be the same")
    loaded: Policy = policy
    return loaded


def _origin(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist else "an installed package"
    return f"policy {entry.name!r} of {package} ({entry.value})"
