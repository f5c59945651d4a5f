"""What is wrong, in one line that names the place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str | int, ...]


def each(messages: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every problem in marshmallow's nested messages with the path to it, in the order of the fields."""
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            yield from each(below, path if step == "_schema" else (*path, step))
    elif isinstance(messages, list):
        for message in messages:
            yield from each(message, path)
    else:
        yield path, str(messages)


def first(messages: object, *, within: str = "") -> str:
    """Return the first problem as ``payload.to[0].phone_number: is missing``."""
    path, message = next(each(messages))
    place = dotted((within, *path) if within else path)
    return f"{place}: {message}" if place else message


def dotted(path: Path) -> str:
    """Return a path as people write it: ``to[0].phone_number``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def did_you_mean(word: str, known: Iterable[str], *, shown_with: str = "") -> str:
    """Return ``; did you mean 'scope'?`` when one of the known words is close, else nothing.

    ``shown_with`` is a beginning that all of them share and that would make them look alike.
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{shown_with}{close[0]}'?" if close else ""
