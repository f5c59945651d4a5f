"""``rescind simulate``: a Telnyx in a box on a port."""

from __future__ import annotations

import hashlib
import shlex

import click

import simulator
from core.errors import SettingsError
from simulator.addresses import is_loopback, is_web_address
from workers.stopping import StopFlag

_KEY = "KEY_simulated"
_LAST_PORT = 65_535


class _Here(click.ParamType[str]):
    """Reads a URL on this machine."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL."""
        url = str(value)
        if not is_web_address(url) or not is_loopback(url):
            self.fail(f"{url!r} is no URL on this machine such as http://127.0.0.1:8000/webhooks/telnyx", param, ctx)
        return url


@click.command("simulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=12111,
    show_default=True,
    type=click.IntRange(0, _LAST_PORT),
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--webhook-url", type=_Here(), help="Where webhooks go, on this machine.")
@click.option("--failover-url", type=_Here(), help="Where webhooks go when the first URL fails, on this machine too.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds to a real one.")
@click.option("--seed", help="Make ids, the signing key and chances repeat.")
@click.option("--rate-limit", type=float, help="API requests a second before 429.")
@click.option("--latency", type=float, default=0.0, show_default=True, help="Seconds that each answer takes longer.")
def simulate_command(
    *,
    host: str,
    port: int,
    webhook_url: str | None,
    failover_url: str | None,
    speed: float,
    seed: str | None,
    rate_limit: float | None,
    latency: float,
) -> None:
    """Run a Telnyx in a box until Ctrl-C, and print the environment that points at it.

    It serves the messages API under /v2, sends signed webhooks to this machine
    only, and is steered under /_sim.
    """
    stop = StopFlag()
    stop.listen()
    try:
        running = simulator.running(
            clock=simulator.Clock(speed=speed),
            seed=number_of(seed),
            host=host,
            port=port,
            webhook_url=webhook_url,
            webhook_failover_url=failover_url,
            rate_limit=rate_limit,
            latency=latency,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None
    except OSError as error:
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    with running:
        for name, value in environment(running).items():
            click.echo(f"export {name}={shlex.quote(value)}")
        click.echo(
            f"# Telnyx is simulated at {running.url}, steered under {running.url}/_sim; Ctrl-C ends it", err=True
        )
        while not stop.wait(60):
            pass


def environment(running: simulator.RunningSimulator) -> dict[str, str]:
    """Return the variables that point a receiver and workers at a simulator."""
    return {
        "TELNYX_PUBLIC_KEY": running.public_key,
        "TELNYX_API_KEY": _KEY,
        "TELNYX_BASE_URL": running.base_url,
    }


def number_of(seed: str | None) -> int | None:
    """Return a seed, which may be any text, as the number it stands for."""
    return None if seed is None else int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
