"""Policies that installed packages bring: how they are found, and what is made of their mistakes."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from core.deciding import Act, Mode, Verdict
from core.errors import SettingsError
from core.facts import Facts, Need, Reach
from core.policies.shape import PARTS, Policy, Settings, needs_of

#: Under which a package declares the module that is a policy.
ENTRY_POINTS = "rescind.policies"
#: Shown of what a failing policy says; what is written in decisions has no end otherwise.
_TOLD = 300
#: What the tables have room for.
_LONGEST_NAME = 64
_LONGEST_ID = 255
#: What PostgreSQL refuses in a text: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def found(entries: Iterable[EntryPoint], *, taken: Collection[str]) -> dict[str, Policy]:
    """Return the policies that packages declare, by name. Raises SettingsError, one line for the first that is none."""
    policies: dict[str, Policy] = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name in taken or entry.name in policies:
            raise SettingsError(f"{_origin(entry)}: there is a policy {entry.name!r} already; give it another name")
        policies[entry.name] = _loaded(entry)
    return policies


def needs(policy: Policy, settings: Settings) -> Mapping[Need, Reach]:
    """Return what a policy looks at. Raises SettingsError when it cannot say."""
    try:
        told = dict(needs_of(policy, settings))
    except Exception as error:
        raise SettingsError(f"policy {policy.NAME!r} cannot say what it needs: {_error(error)}") from error
    if all(isinstance(need, Need) and isinstance(reach, Reach) for need, reach in told.items()):
        return told
    raise SettingsError(f"policy {policy.NAME!r}: needs() must return a Reach for each Need, not {told!r:.{_TOLD}}")


class Guarded:
    """Asks a policy that is not ours: its mistakes hold the message, and keep no other policy from being heard."""

    def __init__(
        self, name: str, judge: Callable[[Facts], object], tell: Callable[[str, str], object] | None = None
    ) -> None:
        """Ask nothing yet; ``tell`` is told the name and what is wrong, the first time, without what it was about."""
        self._name = name
        self._judge = judge
        self._tell = tell

    def __call__(self, facts: Facts) -> Verdict:
        """Return what it says of a message, or that it failed."""
        try:
            verdict = self._judge(facts)
            flaw = _flaw(verdict, self._name)
        except Exception as error:  # noqa: BLE001 - whatever somebody else's code raises
            return self._failed(_error(error), told=_place(error))
        if flaw is None and isinstance(verdict, Verdict):
            return verdict
        return self._failed(flaw or "", told=flaw or "")

    def _failed(self, reason: str, *, told: str) -> Verdict:
        # Each thread may be the first to notice; twice in the log does no harm.
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(self._name, told)
        return Verdict(Act.HOLD, self._name, f"policy {self._name} failed: {reason}")


def _flaw(verdict: Any, name: str) -> str | None:  # noqa: ANN401 - whatever somebody else's code answers
    """Return what is wrong with an answer, or None: it goes into a table, and must fit."""
    is_verdict = isinstance(verdict, Verdict)
    if not is_verdict:
        return f"it answered {type(verdict).__name__}, not a Verdict"
    if not isinstance(verdict.act, Act):
        return "its verdict has no Act"
    if verdict.policy != name:
        return f"its verdict is in the name of {str(verdict.policy)[:_LONGEST_NAME]!r}"
    if not _is_text(verdict.reason):
        return "its verdict gives no reason, or one that is no text"
    if not _is_json(verdict.facts):
        return "the facts of its verdict are no JSON values"
    if not (verdict.event_id is None or (_is_text(verdict.event_id) and len(verdict.event_id) <= _LONGEST_ID)):
        return "the event_id of its verdict is no id of an event"
    if not all(_is_moment(at) for at in (verdict.until, verdict.since, verdict.known_at)):
        return "a time of its verdict is no datetime with a time zone"
    return None


def _is_json(facts: object) -> bool:
    try:
        return isinstance(facts, Mapping) and "\\u0000" not in json.dumps(dict(facts), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False


def _is_text(value: Any) -> bool:  # noqa: ANN401 - somebody else's
    return isinstance(value, str) and value != "" and _UNSTORABLE.search(value) is None


def _is_moment(value: Any) -> bool:  # noqa: ANN401 - somebody else's
    return value is None or (isinstance(value, datetime) and value.tzinfo is not None)


def _loaded(entry: EntryPoint) -> Policy:
    try:
        policy = entry.load()
    except Exception as error:
        raise SettingsError(f"{_origin(entry)} cannot be loaded: {_error(error)}") from error
    missing = [part for part in PARTS if not hasattr(policy, part)]
    if missing:
        raise SettingsError(f"{_origin(entry)} has no {' and no '.join(missing)}; a policy has them all")
    if entry.name != policy.NAME or len(entry.name) > _LONGEST_NAME:
        raise SettingsError(
            f"{_origin(entry)} calls itself {policy.NAME!r}; both names must be the same, of {_LONGEST_NAME} characters"
            " at most"
        )
    if not isinstance(policy.PRIORITY, int) or not isinstance(policy.SOURCE, str):
        raise SettingsError(f"{_origin(entry)}: PRIORITY must be a whole number, and SOURCE a text")
    loaded: Policy = policy
    _require_settings(entry, loaded)
    return loaded


def _require_settings(entry: EntryPoint, policy: Policy) -> None:
    try:
        settings = policy.Settings()
    except Exception as error:
        raise SettingsError(f"{_origin(entry)}: its Settings have no defaults: {_error(error)}") from error
    params = getattr(policy.Settings, "__dataclass_params__", None)
    if params is None or not params.frozen:
        raise SettingsError(f"{_origin(entry)}: its Settings must be a frozen dataclass")
    if not isinstance(getattr(settings, "mode", None), Mode) or not isinstance(
        getattr(settings, "exempt", None), frozenset
    ):
        raise SettingsError(f"{_origin(entry)}: its Settings must have a mode, and exempt, a frozenset")
    needs(policy, settings)


def _origin(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist else "an installed package"
    return f"policy {entry.name!r} of {package} ({entry.value})"


def _error(error: Exception) -> str:
    told = " ".join(f"{type(error).__name__}: {error}".split())[:_TOLD]
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", told)


def _place(error: Exception) -> str:
    """Return what went wrong and where, without the values: an error's text may quote a phone number."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
