"""``policies.toml``: how each cancellation policy is set, a table for each; the file at the root explains the keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field, Nested

from core.errors import SettingsError
from core.policies import catalogue
from schemas import problems
from schemas.policy_settings import UNKNOWN, Table, listed, table_of
from schemas.toml_lines import line_of

_AT = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")
#: The settings of each policy, by its name.
Chosen = Mapping[str, catalogue.Settings]

#: Read when no other file is named.
FILE = Path("policies.toml")


def load(named: Path | None) -> Chosen:
    """Return the settings in the file that was named, which has to exist, or else in ``policies.toml`` if there is one.

    What the file does not say is as by default. Raises SettingsError with the file, the line, the key and what to
    write instead.
    """
    path = named or FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if named is None:
            return _settings({})
        raise SettingsError(f"{path} does not exist; create it, or name another file in RESCIND_POLICIES") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return _read(text, path)


def _read(text: str, path: Path) -> Chosen:
    try:
        loaded = _file().load(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} {_place(str(error), text)}") from None
    except ValidationError as error:
        raise SettingsError(f"{path} {_first_by_line(error.messages, text)}") from None
    return _settings(loaded)


def _settings(loaded: Mapping[str, Mapping[str, Any]]) -> Chosen:
    return {name: policy.Settings(**loaded.get(name, {})) for name, policy in catalogue.known().items()}


def _place(message: str, text: str) -> str:
    """Return a parser's message with the place in front; it names none when the text ends too early."""
    match = _AT.search(message)
    lines = text.split("\n")
    line, column = (match[1], match[2]) if match else (len(lines), len(lines[-1]) + 1)
    return f"line {line}, column {column}: {message.split(' (at ', maxsplit=1)[0]}"


def _first_by_line(messages: object, text: str) -> str:
    found = sorted((line_of(text, where), where, message) for where, message in problems.each(messages))
    line, where, message = found[0]
    remedy = _known_at(where) if message == UNKNOWN else ""
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"line {line}: {problems.dotted(where)} {message}{remedy}{others}"


def _known_at(where: problems.Path) -> str:
    """Return what to write instead of an unknown key."""
    *tables, key = (str(step) for step in where)
    table = _file().fields[tables[0]] if tables else None
    known = (table.schema if isinstance(table, Nested) else _file()).fields
    return problems.did_you_mean(key, known) or f"; known are {listed(known, 'and')}"


@cache
def _file() -> Schema:
    """Return the schema of the whole file."""
    tables: dict[str, Field[Any]] = {
        name: Nested(table_of(name, policy.Settings)) for name, policy in catalogue.known().items()
    }
    return Table.from_dict(tables, name="File")()
