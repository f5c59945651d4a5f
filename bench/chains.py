"""What the receiver is measured beside: nothing at all, and the way it is usually done."""

from __future__ import annotations

import base64
import os
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask, Response, request
from marshmallow import EXCLUDE, Schema, fields
from nacl.signing import VerifyKey
from redis import Redis
from rq import Queue

PATH = "/webhooks/telnyx"


def bare() -> Flask:
    """Return an application that reads a body and says yes: as fast as Flask on this server can be."""
    app = Flask(__name__)

    @app.post(PATH)
    def receive() -> Response:
        request.get_data()
        return Response('{"status":"ok"}', mimetype="application/json")

    return app


class _Tolerant(Schema):
    class Meta:
        unknown = EXCLUDE


class _Money(_Tolerant):
    amount = fields.Decimal(as_string=True)
    currency = fields.String()


class _Breakdown(_Tolerant):
    carrier_fee = fields.Nested(_Money, allow_none=True)
    rate = fields.Nested(_Money, allow_none=True)


class _Party(_Tolerant):
    phone_number = fields.String(required=True)
    status = fields.String()
    carrier = fields.String(allow_none=True)
    line_type = fields.String(allow_none=True)


class _Message(_Tolerant):
    id = fields.UUID(required=True)
    direction = fields.String(required=True)
    type = fields.String()
    text = fields.String(allow_none=True)
    from_ = fields.Nested(_Party, data_key="from")
    to = fields.List(fields.Nested(_Party), required=True)
    messaging_profile_id = fields.UUID(allow_none=True)
    organization_id = fields.UUID(allow_none=True)
    encoding = fields.String(allow_none=True)
    parts = fields.Integer(allow_none=True)
    cost = fields.Nested(_Money, allow_none=True)
    cost_breakdown = fields.Nested(_Breakdown, allow_none=True)
    errors = fields.List(fields.Dict())
    media = fields.List(fields.Dict())
    tags = fields.List(fields.String())
    received_at = fields.AwareDateTime(allow_none=True)
    sent_at = fields.AwareDateTime(allow_none=True)
    completed_at = fields.AwareDateTime(allow_none=True)
    valid_until = fields.AwareDateTime(allow_none=True)
    webhook_url = fields.String(allow_none=True)
    webhook_failover_url = fields.String(allow_none=True)
    tcr_campaign_id = fields.String(allow_none=True)
    tcr_campaign_billable = fields.Boolean(allow_none=True)
    tcr_campaign_registered = fields.String(allow_none=True)


class _Event(_Tolerant):
    id = fields.UUID(required=True)
    event_type = fields.String(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    record_type = fields.String()
    payload = fields.Nested(_Message, required=True)


class _Webhook(_Tolerant):
    data = fields.Nested(_Event, required=True)
    meta = fields.Dict()


_METADATA = sa.MetaData()
_EVENTS = sa.Table(
    "usual_events",
    _METADATA,
    sa.Column("event_id", sa.String(36), primary_key=True),
    sa.Column("event_type", sa.String(64), nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)


def prepare(database_url: str) -> None:
    """Create the usual chain's table."""
    engine = _engine(database_url)
    _METADATA.create_all(engine)
    engine.dispose()


def _engine(database_url: str) -> sa.Engine:
    url = sa.make_url(database_url)
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url.set(drivername="postgresql+psycopg"))
    engine = sa.create_engine(url, connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def usual() -> Flask:
    """Return the chain as it is usually built, and not badly: one schema, one pool; every event an insert and a job."""
    app = Flask(__name__)
    key = VerifyKey(base64.b64decode(os.environ["BENCH_PUBLIC_KEY"]))
    schema = _Webhook()
    engine = _engine(os.environ["DATABASE_URL"])
    queue = Queue("usual", connection=Redis.from_url(os.environ["REDIS_URL"]))

    @app.post(PATH)
    def receive() -> Response:
        raw = request.get_data()
        signed = request.headers["telnyx-timestamp"].encode("ascii") + b"|" + raw
        key.verify(signed, base64.b64decode(request.headers["telnyx-signature-ed25519"]))
        event = schema.loads(raw)["data"]
        row = {
            "event_id": str(event["id"]),
            "event_type": event["event_type"],
            "occurred_at": event["occurred_at"],
            "received_at": datetime.now(UTC),
            "body": raw,
        }
        with engine.begin() as connection:
            connection.execute(sa.insert(_EVENTS), row)
        queue.enqueue("usual.handle", row["event_id"], job_id=uuid.uuid4().hex)
        return Response('{"status":"ok"}', mimetype="application/json")

    return app
