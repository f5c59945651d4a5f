"""The errors this program raises on purpose, each with a stable code and a default message."""

from __future__ import annotations

import inspect


class ProcessorError(Exception):
    """Something went wrong."""

    code = "error"
    retryable = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or "").splitlines()[0])


class SettingsError(ProcessorError):
    """A setting is missing or wrong."""

    code = "bad_setting"


class RulesUnavailable(ProcessorError):
    """The policies cannot be read, so that nothing can be decided."""

    code = "rules_unavailable"
    retryable = True


class SignatureInvalid(ProcessorError):
    """The request is not signed by a configured key."""

    code = "signature_invalid"


class SignatureStale(ProcessorError):
    """The signature is genuine, but its timestamp is too far from now."""

    code = "signature_stale"


class EventInvalid(ProcessorError):
    """The event is signed, but cannot be read."""

    code = "event_invalid"


class RequestInvalid(ProcessorError):
    """The request cannot be understood."""

    code = "request_invalid"


class NotFound(ProcessorError):
    """There is nothing by that name."""

    code = "not_found"


class NotReplayable(ProcessorError):
    """The event cannot be applied again."""

    code = "not_replayable"


class StoreUnavailable(ProcessorError):
    """The database cannot be reached in time."""

    code = "store_unavailable"
    retryable = True
