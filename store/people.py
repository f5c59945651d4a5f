"""What senders told of their recipients: where they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from core.facts import Person
from store import upserting
from store.tables import recipients

_PERSON = [recipients.c[name] for name in Person.__slots__]
#: Made once: to make a statement takes longer than to run it.
_OF = sa.select(*_PERSON).where(
    recipients.c.phone_number.in_(sa.bindparam("numbers", expanding=True)),
    sa.or_(recipients.c.time_zone.is_not(None), recipients.c.region.is_not(None)),
)


def of(connection: sa.Connection, phone_numbers: Collection[str]) -> dict[str, Person]:
    """Return what was told of these recipients; those of whom nothing was told are left out."""
    found: dict[str, Person] = {}
    for part in upserting.parts(sorted(phone_numbers)):
        found |= {row.phone_number: Person(*row) for row in connection.execute(_OF, {"numbers": part})}
    return found


def tell(connection: sa.Connection, phone_number: str, changes: Mapping[str, str | None]) -> None:
    """Change what was told of a recipient that is locked; None forgets it."""
    connection.execute(sa.update(recipients).where(recipients.c.phone_number == phone_number).values(**changes))
