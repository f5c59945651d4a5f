"""``policies.toml``: how each cancellation policy is set, a table for each; the file at the root explains the keys."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field, Nested

from core.errors import SettingsError
from core.policies import catalogue
from core.policies.shape import Policy, Settings
from schemas import problems, toml_errors
from schemas.policy_settings import UNKNOWN, Table, listed, table_of
from schemas.toml_lines import Lines, refused_unread

#: The policies there are, by name.
Policies = Mapping[str, Policy]
#: The settings of each policy, by its name.
Chosen = Mapping[str, Settings]

#: Read when no other file is named.
FILE = Path("policies.toml")
#: In bytes. A process decides nothing while it reads the file; this much takes three seconds at worst.
LARGEST = 256 * 1024
_LONGEST_LINE = 500
#: What runs learns of no package that was installed since.
_OF_A_PACKAGE = "install the package that brings it, and start again what was running before"
_PUT_ANOTHER = "put a file there that may be read, or name another in RESCIND_POLICIES"
#: Of so many errors each is told with what may have been meant, which takes a moment.
_GUESSED_AT = 100


class PoliciesInvalid(SettingsError):
    """A file of policies cannot be followed."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self.problems = tuple(map(_one_line, problems))
        """All that is wrong, by line, each with its line, its key, and what to write instead."""
        super().__init__(f"{path} {self.problems[0]}{others}")


def load(named: Path | None, policies: Policies | None = None) -> Chosen:
    """Return the settings in the file that was named, which has to exist, or else in ``policies.toml`` if there is one.

    What the file does not say is as by default. Raises SettingsError with the file, the line, the key and what to
    write instead.
    """
    return parse(raw_of(named), named or FILE, policies)


def raw_of(named: Path | None) -> bytes | None:
    """Return the bytes of the file that was named, or of the one that need not exist. Raises SettingsError."""
    path = named or FILE
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(LARGEST + 1)
        raise SettingsError(f"{path} is no regular file; {_PUT_ANOTHER}")
    except FileNotFoundError:
        if named is None and not path.is_symlink():
            return None
        raise SettingsError(f"{path} does not exist; create it, or name another file in RESCIND_POLICIES") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; {_PUT_ANOTHER}") from None


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe waits for somebody to write into it, and everything with it.
    return os.open(path, flags | os.O_NONBLOCK)


def parse(raw: bytes | None, path: Path, policies: Policies | None = None) -> Chosen:
    """Return the settings that a file holds, None being no file; ``path`` is for errors.

    Raises PoliciesInvalid for a file that says something wrong.
    """
    known = catalogue.known() if policies is None else policies
    text = _text(raw or b"", path)
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PoliciesInvalid(path, [toml_errors.told(str(error), text)]) from None
    schema = _file(tuple((name, policy.Settings) for name, policy in known.items()))
    try:
        loaded = schema.load(said)
    except ValidationError as error:
        raise PoliciesInvalid(path, _by_line(error.messages, text, schema)) from None
    return _settings(loaded, known, text, path)


def _text(raw: bytes, path: Path) -> str:
    if len(raw) > LARGEST:
        raise PoliciesInvalid(path, [f"is larger than {LARGEST // 1024} KiB; is it the right file?"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PoliciesInvalid(path, [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]) from None
    if refused := refused_unread(text):
        raise PoliciesInvalid(path, [refused])
    return text


def _settings(loaded: Mapping[str, Mapping[str, Any]], known: Policies, text: str, path: Path) -> Chosen:
    chosen: dict[str, Settings] = {}
    wrong: list[tuple[str, Exception]] = []
    for name, policy in known.items():
        try:
            chosen[name] = policy.Settings(**loaded.get(name, {}))
        except Exception as error:  # noqa: BLE001 - each may be so, but not together; or another's policy is wrong
            wrong.append((name, error))
    if wrong:
        lines = Lines(text)
        told = sorted((lines.of([name]), f"{name}: {_of_settings(error, name)}") for name, error in wrong)
        raise PoliciesInvalid(path, [f"line {line}: {each}" for line, each in told])
    return chosen


def _of_settings(error: Exception, name: str) -> str:
    if isinstance(error, ValueError | SettingsError):
        return str(error).removeprefix(f"{name}: ")
    return f"cannot be set so ({type(error).__name__}: {error})"


def _by_line(messages: object, text: str, schema: Schema) -> list[str]:
    lines = Lines(text)
    found = sorted((lines.of(where), where, message) for where, message in problems.each(messages))
    return [
        f"line {line}: {problems.dotted(where)} {message}"
        f"{_known_at(where, schema) if message == UNKNOWN and place < _GUESSED_AT else ''}"
        for place, (line, where, message) in enumerate(found)
    ]


def _one_line(problem: str) -> str:
    line = " ".join(problem.split())
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _known_at(where: problems.Path, schema: Schema) -> str:
    """Return what to write instead of an unknown key."""
    *tables, key = (str(step) for step in where)
    table = schema.fields[tables[0]] if tables else None
    known = (table.schema if isinstance(table, Nested) else schema).fields
    meant = problems.did_you_mean(key, known)
    told = meant or f"; known are {listed(known, 'and')}"
    return told if tables else f"{told}{' Or' if meant else '; or'} {_OF_A_PACKAGE}"


@lru_cache(maxsize=8)
def _file(settings: tuple[tuple[str, type], ...]) -> Schema:
    """Return the schema of the whole file."""
    tables: dict[str, Field[Any]] = {name: Nested(table_of(name, each)) for name, each in settings}
    return Table.from_dict(tables, name="File")()
