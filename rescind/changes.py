"""Whether the command under way has changed anything: who cannot be told what it did must be told that much."""

from __future__ import annotations

from dataclasses import dataclass

import click


@dataclass(slots=True)
class Changes:
    """What is known of it; given to the commands as their context's object."""

    are_made: bool = False

    def note(self, *_: object) -> None:
        """Take down that something was committed."""
        self.are_made = True


def of_command() -> Changes:
    """Return those of the command under way."""
    context = click.get_current_context(silent=True)
    return (context and context.find_object(Changes)) or Changes()
