"""Registrations as the OpenAPI document describes them; ``schemas.api_messages`` reads them."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields, validate

from schemas.api_answers import Answer, Registered, count, listed, text
from schemas.api_fields import described
from schemas.api_messages import MOST_MESSAGES, Sender


class TelnyxRecipient(Schema):
    """An entry of ``to``."""

    class Meta:
        """There is more than is named here."""

        unknown = INCLUDE

    phone_number = fields.String(
        required=True, validate=validate.Length(1, 64), metadata=described("in E.164, such as +15551230001")
    )


class TelnyxMessage(Schema):
    """Telnyx's message object, as its answer to a POST has it."""

    class Meta:
        """There is more than is named here; all that Telnyx names is kept and shown."""

        unknown = INCLUDE

    id = text("Telnyx's id of the message: a UUID in lower case", form="uuid")
    to = fields.List(fields.Nested(TelnyxRecipient), required=True, validate=validate.Length(1))
    send_at = fields.String(
        allow_none=True,
        metadata=described("when it is to be sent; needed here or beside the message") | {"format": "date-time"},
    )


class Registration(Sender):
    """Telnyx's answer to a POST, and what the sender says of the message."""

    data = fields.Nested(TelnyxMessage, required=True)


class Registrations(Schema):
    """Many messages at once."""

    messages = fields.List(
        fields.Nested(Registration),
        required=True,
        validate=validate.Length(1, MOST_MESSAGES),
        metadata=described("each as it would be registered alone: Telnyx's message object may also stand there bare"),
    )


class RegisteredOne(Answer):
    """What became of a registration."""

    data = fields.Nested(Registered, required=True)


class NotRegistered(Answer):
    """One of many messages that was not registered."""

    index = count("its place in `messages`")
    code = text()
    message = text()


class RegisteredMany(Answer):
    """What became of many registrations."""

    data = listed(Registered)
    errors = listed(NotRegistered)
