"""A value that shows itself to nobody who did not ask for it by name."""

from __future__ import annotations


class Secret:
    """A password or token; printing, logging or formatting it gives ``***``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        """Refuse to be pickled: a secret does not travel through a queue or a file."""
        raise TypeError("a secret cannot be pickled")
