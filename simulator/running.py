"""The simulator on a port, in threads of this process."""

import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from simulator import admin, api, refusals
from simulator.clock import Clock
from simulator.faults import FaultRule
from simulator.messages import JsonObject
from simulator.server import Server
from simulator.settings import Settings
from simulator.simulation import Simulator

_SENDER = "+15557650002"


class _InOrder(DefaultJSONProvider):
    """Objects keep the order of their keys, as Telnyx's do."""

    sort_keys = False


def create_app(simulator: Simulator) -> Flask:
    """Make the simulator's HTTP side as a WSGI application: ``/v2`` and ``/_sim``."""
    app = Flask(__name__, static_folder=None)
    app.json = _InOrder(app)
    app.register_blueprint(api.blueprint(simulator))
    app.register_blueprint(admin.blueprint(simulator))

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> tuple[Response, int]:
        refusal = refusals.no_such_resource()
        return jsonify(refusal.body()), error.code or refusal.status

    return app


class RunningSimulator:
    """A simulator that listens, until ``stop`` or the end of a ``with``.

    What the admin API offers by HTTP is here as direct calls.
    """

    def __init__(self, simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.simulator = simulator
        self._server = Server(host, port, create_app(simulator))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )
        self._stopped = threading.Event()
        simulator.start()
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root, under which ``/v2`` and ``/_sim`` are."""
        return self._server.url

    @property
    def base_url(self) -> str:
        """What ``TELNYX_BASE_URL`` is to be."""
        return f"{self.url}/v2"

    @property
    def public_key(self) -> str:
        """What ``TELNYX_PUBLIC_KEY`` is to be."""
        return self.simulator.key.public_key

    def stop(self) -> None:
        """Stop listening and end all threads; a second call does nothing."""
        if not self._stopped.is_set():
            self._stopped.set()
            self.simulator.stop()
            self._server.close()
            self._thread.join()

    def wait(self) -> None:
        """Wait until somebody stops it."""
        self._stopped.wait()

    def send(self, *, to: str | list[str], text: str = "Hello!", **fields: object) -> JsonObject:
        """Accept a message as ``POST /v2/messages`` does; ``sender`` stands for ``from``."""
        return self.simulator.send({"from": fields.pop("sender", _SENDER), "to": to, "text": text, **fields})

    def schedule(
        self, *, to: str | list[str], send_at: datetime | str, text: str = "Hello!", **fields: object
    ) -> JsonObject:
        """Accept a message for later."""
        when = send_at if isinstance(send_at, str) else send_at.isoformat()
        return self.send(to=to, text=text, send_at=when, **fields)

    def inbound(
        self, *, sender: str, text: str, to: str = _SENDER, occurred_at: datetime | None = None, **fields: str | None
    ) -> JsonObject:
        """Let somebody text the account; the event. Takes the fields of ``Simulator.inbound``."""
        return self.simulator.inbound(sender=sender, to=to, text=text, occurred_at=occurred_at, **fields)

    def emit(self, data: JsonObject, *, webhook_urls: tuple[str | None, ...] = ()) -> JsonObject:
        """Deliver any event whatever."""
        return self.simulator.emit(data, webhook_urls=webhook_urls)

    def messages(self) -> list[JsonObject]:
        """Every outbound message with its history."""
        return self.simulator.messages()

    def message(self, message_id: str) -> JsonObject:
        """One outbound message with its history."""
        return self.simulator.message(message_id)

    def status(self, message_id: str) -> str:
        """Tell the status of a message with its first recipient."""
        return str(self.message(message_id)["to"][0]["status"])

    def requests(self, method: str | None = None) -> list[JsonObject]:
        """Every API request that came in by HTTP, or those of one method."""
        seen = self.simulator.requests.as_json()
        return [each for each in seen if method in {None, each["method"]}]

    def deliveries(self) -> list[JsonObject]:
        """Every webhook with its attempts."""
        return self.simulator.deliveries()

    def fault(self, kind: str, **rule: Any) -> FaultRule:  # noqa: ANN401 - a rule's fields have many types
        """Put a fault rule in force."""
        return self.simulator.faults.add(FaultRule.from_json({"kind": kind, **rule}))

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self.simulator.faults.clear()

    def configure(self, **changes: object) -> None:
        """Change settings."""
        self.simulator.configure(changes)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock ahead."""
        return self.simulator.advance(by)

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until what was sent is final and every webhook has ended."""
        return self.simulator.settle(timeout)


def serve(simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0) -> RunningSimulator:
    """Start serving a simulator; port 0 takes a free one."""
    return RunningSimulator(simulator, host=host, port=port)


def running(
    *,
    clock: Clock | None = None,
    seed: int | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    settings: Settings | None = None,
    **changes: object,
) -> RunningSimulator:
    """Make a simulator and serve it; further names are settings, ``webhook_url`` first among them."""
    chosen = (settings or Settings()).changed(changes)
    return serve(Simulator(clock=clock, seed=seed, settings=chosen), host=host, port=port)
