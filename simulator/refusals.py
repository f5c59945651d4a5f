"""The errors Telnyx answers with, in its two shapes.

Most are ``{"errors": [{...}]}``. The specification of ``DELETE /messages/{id}``
gives 403 and 404 as the bare error object instead, so a client must read both.
https://developers.telnyx.com/api-reference/messages/cancel-a-scheduled-message
"""

from typing import Any


class RefusedError(Exception):
    """Telnyx does not do what was asked."""

    def __init__(self, status: int, code: str, title: str, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(f"{status} {code} {title}: {detail}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.pointer = pointer
        self.bare = False

    def as_bare(self) -> "RefusedError":
        """Give the same refusal, answered without the ``errors`` list around it."""
        self.bare = True
        return self

    def error(self) -> dict[str, Any]:
        """Give the error object; ``code`` is a string, as everywhere at Telnyx."""
        shape: dict[str, Any] = {
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{self.code}"},
        }
        if self.pointer is not None:
            shape["source"] = {"pointer": self.pointer}
        return shape

    def body(self) -> dict[str, Any]:
        """Give the whole answer."""
        return self.error() if self.bare else {"errors": [self.error()]}


def unauthenticated() -> RefusedError:
    """Refuse: no bearer token, or not the expected one."""
    return RefusedError(401, "10009", "Authentication failed", "The required authentication headers were missing.")


def too_many_requests() -> RefusedError:
    """Refuse: the rate limit was reached."""
    return RefusedError(429, "10011", "Too many requests", "You have exceeded the maximum number of allowed requests.")


def no_such_resource() -> RefusedError:
    """Refuse: nothing is served at this path."""
    return RefusedError(404, "10005", "Resource not found", "The requested resource or URL could not be found.")


def no_such_message(message_id: str) -> RefusedError:
    """Refuse: the message is unknown, or older than Telnyx keeps messages."""
    return RefusedError(404, "40303", "Message not found", f"The message with ID {message_id} was not found.")


def invalid_id(message_id: str) -> RefusedError:
    """Refuse: the id in the path is not a UUID."""
    return RefusedError(422, "10006", "Invalid ID", f"'{message_id}' is not a valid UUID.")


def bad_request(detail: str) -> RefusedError:
    """Refuse: the body cannot be read at all."""
    return RefusedError(400, "10015", "Bad Request", detail)


def invalid_parameter(pointer: str, detail: str) -> RefusedError:
    """Refuse: a value has the wrong type or form."""
    return RefusedError(422, "10015", "Bad Request", detail, pointer=pointer)


def unprocessable(detail: str, *, pointer: str | None = None) -> RefusedError:
    """Refuse: understood, but against a rule."""
    return RefusedError(422, "10027", "Unprocessable Entity", detail, pointer=pointer)


def invalid_recipient(value: object) -> RefusedError:
    """Refuse: the address to send to is not a phone number in E.164 form."""
    return RefusedError(
        400,
        "40310",
        "Invalid 'to' address",
        f"The 'to' address {value!r} is not a phone number in E.164.",
        pointer="/to",
    )


def profile_disabled(profile_id: str) -> RefusedError:
    """Refuse: the messaging profile may not send."""
    return RefusedError(
        403, "40312", "Messaging profile is disabled", f"The messaging profile '{profile_id}' is disabled."
    )


def blocked(sender: str, recipient: str) -> RefusedError:
    """Refuse: the recipient sent STOP. The status is not documented; 409 is what integrators report."""
    return RefusedError(
        409,
        "40300",
        "Blocked due to STOP message",
        f"Messages cannot be sent from '{sender}' to '{recipient}' due to an existing block rule.",
    )
