"""``policies.toml``: how each cancellation policy is set, a table for each; the file at the root explains the keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from marshmallow import Schema, ValidationError
from marshmallow.fields import Nested

from core.consent import ConsentScope
from core.deciding import MessageClass, Mode
from core.errors import SettingsError
from core.policies import opt_out, stale_campaign
from core.policies.catalogue import PolicySettings
from schemas import problems
from schemas.fields import Told
from schemas.toml_lines import line_of

_AT = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")
_DURATION = re.compile(r"([0-9]{1,9})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
#: Telnyx schedules five days ahead, so nothing waits longer.
_LONGEST = timedelta(days=365)
_UNKNOWN = "is unknown"


#: Read when no other file is named.
FILE = Path("policies.toml")


def load(named: Path | None) -> PolicySettings:
    """Return the settings in the file that was named, which has to exist, or else in ``policies.toml`` if there is one.

    What the file does not say is as by default. Raises SettingsError with the file, the line, the key and what to
    write instead.
    """
    path = named or FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if named is None:
            return PolicySettings()
        raise SettingsError(f"{path} does not exist; create it, or name another file in RESCIND_POLICIES") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return _read(text, path)


def _read(text: str, path: Path) -> PolicySettings:
    try:
        loaded = _POLICIES.load(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} {_place(str(error), text)}") from None
    except ValidationError as error:
        raise SettingsError(f"{path} {_first_by_line(error.messages, text)}") from None
    return PolicySettings(
        opt_out=opt_out.Settings(**loaded.get("opt_out", {})),
        stale_campaign=stale_campaign.Settings(**loaded.get("stale_campaign", {})),
    )


def _place(message: str, text: str) -> str:
    """Return a parser's message with the place in front; it names none when the text ends too early."""
    match = _AT.search(message)
    lines = text.split("\n")
    line, column = (match[1], match[2]) if match else (len(lines), len(lines[-1]) + 1)
    return f"line {line}, column {column}: {message.split(' (at ', maxsplit=1)[0]}"


def _first_by_line(messages: object, text: str) -> str:
    found = sorted((line_of(text, where), where, message) for where, message in problems.each(messages))
    line, where, message = found[0]
    remedy = _known_at(where) if message == _UNKNOWN else ""
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"line {line}: {problems.dotted(where)} {message}{remedy}{others}"


def _known_at(where: problems.Path) -> str:
    """Return what to write instead of an unknown key."""
    *tables, key = (str(step) for step in where)
    table = _POLICIES.fields[tables[0]] if tables else None
    known = (table.schema if isinstance(table, Nested) else _POLICIES).fields
    return problems.did_you_mean(key, known) or f"; known are {_listed(known, 'and')}"


def _choice(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    def read(raw: object) -> StrEnum:
        if isinstance(raw, str) and raw in set(kind):
            return kind(raw)
        raise ValueError(f"is {raw!r}; use {_listed(kind, 'or')}")

    return read


def _classes(raw: object) -> frozenset[MessageClass]:
    if isinstance(raw, list) and all(isinstance(item, str) and item in set(MessageClass) for item in raw):
        return frozenset(MessageClass(item) for item in raw)
    raise ValueError(f"is {raw!r}; list any of {_listed(MessageClass, 'and')} in brackets")


def _duration(raw: object) -> timedelta:
    match = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(f"is {raw!r}; write a number and a unit, such as '3d', '36h', '90m' or '45s'")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta() < duration <= _LONGEST:
        raise ValueError(f"is {raw!r}; it must be longer than nothing and not longer than {_LONGEST.days}d")
    return duration


def _listed(words: Iterable[str], last: str) -> str:
    quoted = [f"'{word}'" for word in words]
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


class _Table(Schema):
    error_messages = {"unknown": _UNKNOWN, "type": "is not a table"}  # noqa: RUF012 - marshmallow's way to say it


class _OptOut(_Table):
    mode = Told(_choice(Mode))
    scope = Told(_choice(ConsentScope))
    exempt = Told(_classes)


class _StaleCampaign(_Table):
    mode = Told(_choice(Mode))
    max_age = Told(_duration)
    exempt = Told(_classes)


class _Policies(_Table):
    opt_out = Nested(_OptOut)
    stale_campaign = Nested(_StaleCampaign)


_POLICIES = _Policies()
