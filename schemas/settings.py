"""The settings, read from the environment once, where a process is put together."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from environs import Env, EnvValidationError
from marshmallow.validate import OneOf, Range

from core import failpoints
from core.errors import SettingsError
from core.failpoints import Plan
from schemas import api_keys, checks, keys, variables
from schemas.secret import Secret


class OnFailure(StrEnum):
    """What becomes of a call that passes through while the database is away."""

    REFUSE = "refuse"
    FORWARD = "forward"
    """It goes to Telnyx, unjudged and unwritten: an opt-out does not stop it."""


_VARIABLES = {variable.name: variable for variable in variables.VARIABLES}
#: What environs says of a value that is no number.
_NO_NUMBER = "Not a valid integer."


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator has chosen; ``schemas.variables`` says what each of it means."""

    telnyx_public_keys: tuple[bytes, ...]
    telnyx_api_key: Secret | None
    telnyx_base_url: str
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    policies: Path | None
    """The file that was named; None is ``policies.toml``, if there is one."""
    api_token: Secret | None
    tolerance: timedelta
    cancel_rate: int
    spool: Path
    spool_max_events: int
    spool_max_bytes: int
    handover_url: str | None
    handover_secret: Secret | None
    reconcile_every: timedelta | None
    """None: only when an operator asks for it."""
    passthrough_on_failure: OnFailure
    passthrough_keys: frozenset[str]
    """Digests of the keys that may be used; empty, all that Telnyx accepts."""
    failpoint: Plan | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, require: Collection[str] = ()) -> Settings:
        """Read the settings from the process's environment, or from the one given; a blank value counts as unset.

        Raises SettingsError, one line for all that is wrong, mistyped, or in ``require`` and not set.
        """
        given = _given(os.environ if environ is None else environ)
        env = _Env(given)
        public_keys = env.str("TELNYX_PUBLIC_KEY", None, validate=checks.public_keys)
        api_key = env.str("TELNYX_API_KEY", None, validate=checks.credential)
        base_url = env.str("TELNYX_BASE_URL", _default("TELNYX_BASE_URL"), validate=checks.base_url)
        redis_url = env.str("REDIS_URL", None, validate=checks.redis_url)
        token = env.str("RESCIND_API_TOKEN", None, validate=checks.credential)
        tolerance = env.int("RESCIND_TOLERANCE", int(_default("RESCIND_TOLERANCE")), validate=_between(1, 3600))
        rate = env.int("RESCIND_CANCEL_RATE", int(_default("RESCIND_CANCEL_RATE")), validate=_between(1, 1000))
        database_url = env.str("DATABASE_URL", _default("DATABASE_URL"))
        policies = env.path("RESCIND_POLICIES", None)
        spool = env.str("RESCIND_SPOOL", _default("RESCIND_SPOOL"), validate=checks.spool)
        max_events = env.int(
            "RESCIND_SPOOL_MAX_EVENTS", int(_default("RESCIND_SPOOL_MAX_EVENTS")), validate=_between(1, 10**8)
        )
        max_mb = env.int("RESCIND_SPOOL_MAX_MB", int(_default("RESCIND_SPOOL_MAX_MB")), validate=_between(8, 10**7))
        handover_url = env.str("RESCIND_HANDOVER_URL", None, validate=checks.handover_url)
        handover_secret = env.str("RESCIND_HANDOVER_SECRET", None, validate=checks.shared_secret)
        minutes = env.int(
            "RESCIND_RECONCILE_MINUTES", int(_default("RESCIND_RECONCILE_MINUTES")), validate=_between(0, 1440)
        )
        on_failure = env.str(
            "RESCIND_PASSTHROUGH_ON_FAILURE",
            _default("RESCIND_PASSTHROUGH_ON_FAILURE"),
            validate=OneOf(list(OnFailure), error="is none of the choices; give 'refuse' or 'forward'"),
        )
        key_digests = env.str("RESCIND_PASSTHROUGH_KEYS", "", validate=checks.digests)
        failpoint = env.str("FAILPOINT", None, validate=checks.failpoint)
        _refuse(env, given, require)
        return cls(
            telnyx_public_keys=keys.public_keys(public_keys) if public_keys else (),
            telnyx_api_key=Secret(api_key) if api_key else None,
            telnyx_base_url=base_url.rstrip("/"),
            database_url=database_url,
            redis_url=redis_url,
            policies=policies,
            api_token=Secret(token) if token else None,
            tolerance=timedelta(seconds=tolerance),
            cancel_rate=rate,
            spool=Path(spool),
            spool_max_events=max_events,
            spool_max_bytes=max_mb * 10**6,
            handover_url=handover_url,
            handover_secret=Secret(handover_secret) if handover_secret else None,
            reconcile_every=timedelta(minutes=minutes) if minutes else None,
            passthrough_on_failure=OnFailure(on_failure),
            passthrough_keys=api_keys.digests(key_digests) if key_digests else frozenset(),
            failpoint=failpoints.plan(failpoint) if failpoint else None,
        )


class _Env(Env):
    """environs over the variables given to it, and nothing else; what is wrong is gathered."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self._given = given

    def _get_value(self, env_key: str, default: object) -> object:
        return self._given.get(env_key, default)


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in environ.items() if value.strip()}


def _default(name: str) -> str:
    return _VARIABLES[name].default or ""


def _between(lowest: int, highest: int) -> Range:
    return Range(lowest, highest, error=f"is out of range; give a whole number from {lowest} to {highest}")


def _refuse(env: _Env, given: Mapping[str, str], require: Collection[str]) -> None:
    """Raise SettingsError when anything is wrong."""
    lines = variables.mistyped(given)
    try:
        env.seal()
    except EnvValidationError as error:
        wrong: Any = error.error_messages  # a mapping, since errors are gathered
        lines += [_wrong(name, given[name], messages[0]) for name, messages in wrong.items()]
    lines += [_missing(name, given) for name in require if name not in given]
    if lines:
        raise SettingsError(" | ".join(lines))


def _missing(name: str, given: Mapping[str, str]) -> str:
    told = f"{name} is not set; set it to the {_VARIABLES[name].meaning}"
    if name == "TELNYX_API_KEY" and "TELNYX_BASE_URL" not in given:
        # Any key does for a simulated one, and that key alone would be sent to the true Telnyx.
        told += "; for a simulated Telnyx set TELNYX_BASE_URL too, as `rescind simulate` prints it"
    return told


def _wrong(name: str, value: str, message: str) -> str:
    variable = _VARIABLES[name]
    is_shown = variable.is_shown and "@" not in value
    if message == _NO_NUMBER:
        message = f"is not a whole number: {variable.meaning}"
    return f"{name}={value!r} {message}" if is_shown else f"{name} {message}"
