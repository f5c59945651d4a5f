"""The commands there are, and how they end.

Each lives in a module of its own that is imported when it is called: most need
a fraction of what the whole program imports.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from core.errors import ProcessorError
from rescind.changes import Changes

_WRONG_USE = 2
_UNTOLD = 2
_INTERRUPTED = 130
#: As a shell tells of a program that SIGPIPE has ended, which Python lets nobody do.
_UNREAD = 141
#: How writing to what is open fails, whatever the program does.
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

#: name: (the module that holds it as ``command_name``, what it does)
_COMMANDS = {
    "demo": ("rescind.demo", "Show it all at work against a simulated Telnyx, in half a minute."),
    "up": ("rescind.up", "Run receiver, worker and sweeper together, with a Valkey when REDIS_URL is unset."),
    "simulate": ("rescind.simulate", "Run a Telnyx in a box."),
    "worker": ("rescind.processing", "Apply events and cancel messages, as the doorbell rings."),
    "sweeper": ("rescind.processing", "Find what nobody rang for, and do the work when Redis is gone."),
    "migrate": ("rescind.upkeep", "Bring the database's tables up to date."),
    "prune": ("rescind.upkeep", "Delete the raw bytes of old events."),
    "handover": ("rescind.handover", "Show what waits in the failover's spool, and hand it over now."),
    "import": ("rescind.importing", "Register what was scheduled at Telnyx, given its ids."),
    "reconcile": ("rescind.reconcile", "Recover from Telnyx's own records what was missed."),
    "doctor": ("rescind.doctor", "Check the settings and everything they point at."),
    "policies": ("rescind.policies", "Check a file of policies, or list all that can be set."),
    "backtest": ("rescind.backtest", "Try a file of policies on what was decided lately, without any effect."),
    "ledger": ("rescind.ledger", "Show how many messages are pending, cancelled, released or in breach."),
    "hold": ("rescind.hold", "Keep messages back until somebody decides."),
    "panic": ("rescind.panic", "Take back everything in a scope, now."),
    "signal": ("rescind.signal", "Say that a goal is reached, or that what messages are about has changed."),
    "reschedule": ("rescind.reschedule", "Schedule anew what was cancelled, as far as it still can go out."),
    "forgive": ("rescind.forgive", "Have the failures of a number count no more."),
    "consent": ("rescind.consent", "Settle texts that may be opt-outs; prove that nobody who refused is texted."),
    "messages": ("rescind.looking", "List messages."),
    "audit": ("rescind.audit", "Check that no decision on record was changed or removed."),
    "events": ("rescind.looking", "List accepted events, or show one."),
    "replay": ("rescind.replay", "Apply stored events again, such as dead letters after their cause was mended."),
    "why": ("rescind.why", "Tell the story of one message."),
}


class _ReaderGone(Exception):
    """Whoever read along, as in ``rescind events | head``, has gone."""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        """Run the command that is asked for. Raises _ReaderGone, where click would end the program by itself."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = getattr(import_module(_COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        return found if isinstance(found, click.Command) else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from what is known here: importing every module would take seconds."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rescind")
def commands() -> None:
    """Cancel scheduled Telnyx messages that must no longer be sent.

    Settings come from the environment; `rescind doctor --explain` tells them all.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 2 for a mistake of the user's, or lost output, in one line."""
    changes = Changes()
    try:
        return _run(arguments, changes)
    except _ReaderGone:
        _tell_unwritten("its reader has gone", changes, remedy=None)
        return _UNREAD
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _tell_unwritten(str(error.strerror), changes, remedy="make room, or send it elsewhere")
        return _UNTOLD


def _run(arguments: Sequence[str] | None, changes: Changes) -> int:
    if not all(_is_text(argument) for argument in (sys.argv[1:] if arguments is None else arguments)):
        click.echo("rescind: an argument is not written in UTF-8; type it again", err=True)
        return _WRONG_USE
    try:
        status = commands.main(args=arguments, prog_name="rescind", standalone_mode=False, obj=changes)
    except ProcessorError as error:
        click.echo(f"rescind: {error}", err=True)
        return _WRONG_USE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    return status if isinstance(status, int) else 0


def _tell_unwritten(cause: str, changes: Changes, *, remedy: str | None) -> None:
    """Say that a command could not print all it had to, unless a reader merely had enough of it."""
    if changes.are_made:
        remedy = "what it changed stays changed, so look before you run it again"
    if remedy is not None:
        with suppress(OSError):
            click.echo(f"rescind: the output cannot be written: {cause}; {remedy}", err=True)
    # The interpreter would try again on its way out, and complain.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_text(argument: str) -> bool:
    """Return False for bytes that Python has smuggled into a string, which no database and no terminal takes."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
