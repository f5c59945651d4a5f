"""``rescind demo``: the whole program at work for half a minute, and a verdict on it."""

from __future__ import annotations

import secrets
import signal
import threading
import time

import click

from rescind.demo.clients import Rescind, Telnyx
from rescind.demo.playing import Outcome, Play
from rescind.demo.plot import Plot
from rescind.demo.screen import screen
from rescind.demo.stage import Stage


@click.command("demo")
@click.option("--seed", type=int, help="Repeat the story of an earlier demonstration.")
@click.pass_context
def demo_command(context: click.Context, *, seed: int | None) -> None:
    """Show it all at work against a simulated Telnyx; the exit status is 0 only when all came out right.

    Starts a simulated Telnyx, a Valkey, the receiver, a worker and the sweeper
    as processes of their own, talks to this machine alone, and leaves nothing behind.
    """
    seed = secrets.randbelow(10_000) if seed is None else seed
    # To be ended is to leave by the same way as after Ctrl-C, which cleans up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began_at = time.monotonic()
    with screen() as shown, Stage() as stage:
        shown.act("start a simulated Telnyx, Valkey, receiver, worker and sweeper")
        stage.start()
        telnyx, rescind = Telnyx(stage.telnyx_url), Rescind(stage.url, stage.token)
        play = Play(Plot.of(seed), telnyx, rescind, shown, stage.require_alive)
        is_over = threading.Event()
        watcher = threading.Thread(target=play.watch, args=(is_over,), daemon=True)
        watcher.start()
        try:
            outcome = play.perform()
        finally:
            is_over.set()
            watcher.join()
            telnyx.close()
            rescind.close()
    _tell(outcome, seed=seed, seconds=time.monotonic() - began_at)
    context.exit(1 if outcome.faults else 0)


def _tell(outcome: Outcome, *, seed: int, seconds: float) -> None:
    click.echo()
    for fault in outcome.faults:
        click.echo(f"{click.style('✗', fg='red')} {fault}")
    if outcome.faults:
        click.echo(f"It did not come out right; `rescind demo --seed {seed}` tells the same story again.")
        return
    mark = click.style("✓", fg="green")
    click.echo(f"{mark} {outcome.scheduled} messages were scheduled at Telnyx.")
    click.echo(
        f"{mark} {outcome.cancelled} of them, all to recipients who refused or of the ended campaign, are cancelled"
        f" there: {outcome.median_seconds:.1f} s after a STOP (median), {outcome.slowest_seconds:.1f} s at most."
    )
    click.echo(f"{mark} {outcome.kept} others are still scheduled, and nobody asked to cancel them.")
    click.echo(f"{mark} The ledger adds up. ({seconds:.0f} s, --seed {seed})")
