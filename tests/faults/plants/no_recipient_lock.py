"""Planted: nobody holds a recipient while consent changes or a message is registered."""

from collections.abc import Collection

import sqlalchemy as sa

from store import consents


def _lock_recipients(_connection: sa.Connection, _phone_numbers: Collection[str]) -> None:
    return


consents.lock_recipients = _lock_recipients
