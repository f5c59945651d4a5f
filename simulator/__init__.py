"""Telnyx in a box: the messages API and signed webhooks, on a clock of its own and with faults on request.

For tests, demonstrations and development without an account::

    with simulator.running(webhook_url="http://127.0.0.1:8000/webhooks/telnyx") as telnyx:
        message = telnyx.schedule(to="+15551230001", send_at=datetime.now(UTC) + timedelta(hours=1))
        telnyx.inbound(sender="+15551230001", text="STOP")

It is served under ``/v2`` (see ``simulator.api``) and steered under ``/_sim`` (see
``simulator.admin``), and it sends webhooks to loopback addresses only.
"""

from simulator.clock import Clock
from simulator.faults import FaultKind, FaultRule
from simulator.running import RunningSimulator, create_app, running, serve
from simulator.settings import Settings
from simulator.signing import SigningKey
from simulator.simulation import Simulator

__all__ = [
    "Clock",
    "FaultKind",
    "FaultRule",
    "RunningSimulator",
    "Settings",
    "SigningKey",
    "Simulator",
    "create_app",
    "running",
    "serve",
]
