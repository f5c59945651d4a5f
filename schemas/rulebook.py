"""The policies as their file says from moment to moment: a process follows it without being started again."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.deciding import Rules
from core.errors import RulesUnavailable, SettingsError
from core.policies import catalogue
from schemas import policies
from schemas.policies import Policies

#: A file is read when nobody has written to it for so many seconds: half of it may be valid, and mean something else.
AT_REST = 1.0
#: By which a file is known to be as it was: device, inode, size, and when it was last written and changed.
_Stamp = tuple[int, int, int, int, int]
_NEVER: _Stamp = (-1, -1, -1, -1, -1)


class Standing(StrEnum):
    """Whether a process decides by what the file says."""

    FOLLOWED = "followed"
    NOT_FOLLOWED = "not_followed"
    """It was right once, and cannot be followed as it is now: what it said before holds."""
    UNAVAILABLE = "unavailable"
    """It has been wrong since the start, so nothing can be decided."""


class Log(Protocol):
    """Where it is told what becomes of the file: a structlog logger, say."""

    def info(self, event: str, **told: object) -> object:
        """Say that something went as it should."""

    def warning(self, event: str, **told: object) -> object:
        """Say that something needs looking at."""

    def error(self, event: str, **told: object) -> object:
        """Say that something is wrong."""


class Rulebook:
    """Gives the rules of the moment. Safe to use from many threads; has none of its own.

    The file is looked at whenever somebody asks, which takes microseconds: so whoever is told of a change by another
    process has the change itself. A file that cannot be followed changes nothing, and is told of once.
    """

    def __init__(
        self,
        named: Path | None,
        *,
        log: Log,
        known: Policies | None = None,
        clock: Callable[[], float] = time.time,
        waits: bool = False,
    ) -> None:
        """Read the file that was named, or ``policies.toml`` if there is one. Raises SettingsError.

        ``waits`` is for a process that has other work: what is wrong is told, and there are no rules until it is
        mended. ``clock`` tells seconds since 1970, as files are stamped.
        """
        # The working folder may be another later, and what links point at may change.
        self._path = Path(os.path.abspath(named or policies.FILE))  # noqa: PTH100 - resolve() would follow links
        self._log = log
        self._known = known
        self._clock = clock
        self._reading = threading.Lock()
        self.trouble: str | None = None
        """What keeps the file from being followed as it is now, in one line; None: nothing."""
        self._rules: Rules | None = None
        stamp = _stamp(self._path)
        try:
            self._rules = self._ruled(policies.raw_of(named), self._path)
        except SettingsError as error:
            if not waits:
                raise
            self.trouble = str(error)
        if self.trouble:
            log.error("policies_unavailable", reason=self.trouble)
        is_whole = stamp == _stamp(self._path) and not self._is_being_written(stamp)
        self._seen = stamp if is_whole else _NEVER

    def standing(self) -> Standing:
        """Return how things are with the file now; it is looked at again."""
        try:
            self.current()
        except RulesUnavailable:
            return Standing.UNAVAILABLE
        return Standing.FOLLOWED if self.trouble is None else Standing.NOT_FOLLOWED

    def current(self) -> Rules:
        """Return the rules to judge one transaction by. Raises RulesUnavailable while there have never been any."""
        stamp = _stamp(self._path)
        if stamp != self._seen and not self._is_being_written(stamp):
            with self._reading:
                if stamp != self._seen:
                    self._read_again(stamp)
        if self._rules is None:
            raise RulesUnavailable(f"nothing can be decided until the policies are mended: {self.trouble}")
        return self._rules

    def _is_being_written(self, stamp: _Stamp | None) -> bool:
        # A time to come is no sign of a writer, but of a clock that was set.
        return stamp is not None and 0 <= self._clock() - max(stamp[-2:]) / 1e9 < AT_REST

    def _read_again(self, stamp: _Stamp | None) -> None:
        try:
            raw = policies.raw_of(self._path)
            if stamp != _stamp(self._path):
                return
            rules = self._ruled(raw, self._path)
        except SettingsError as error:
            self._seen = stamp
            if self.trouble != str(error):
                self._log.warning("policies_unchanged", reason=str(error), digest=_digest(self._rules))
            self.trouble = str(error)
            return
        before, self._rules, self._seen = _digest(self._rules), rules, stamp
        if self.trouble or before != rules.digest:
            self._log.info("policies_followed", digest=rules.digest, before=before)
        self.trouble = None

    def _ruled(self, raw: bytes | None, path: Path) -> Rules:
        """Return the rules that a file makes. Raises SettingsError, whatever is wrong."""
        known = catalogue.known() if self._known is None else self._known
        try:
            rules = catalogue.rules_among(known, policies.parse(raw, path, known), tell=self._tell)
        except SettingsError:
            raise
        except Exception as error:
            # Whatever it is that somebody's file meets in somebody's policy, it must not keep us from deciding.
            raise SettingsError(f"{path} makes no rules ({type(error).__name__}: {error}); correct it") from error
        return replace(rules, file_sha256=None if raw is None else hashlib.sha256(raw).hexdigest())

    def _tell(self, policy: str, told: str) -> None:
        self._log.error("policy_failed", policy=policy, reason=told)


def _digest(rules: Rules | None) -> str | None:
    return rules.digest if rules else None


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
