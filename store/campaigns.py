"""Campaigns, and the names that make several rows one campaign."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.campaigns import Campaign, CampaignStatus, CarrierState
from store import upserting
from store.tables import campaign_aliases as aliases
from store.tables import campaign_history, campaigns

_COLUMNS = [campaigns.c[name] for name in Campaign.__slots__]
#: Made once: to make a statement takes longer than to run it.
_FIND = sa.select(*_COLUMNS).where(campaigns.c.key.in_(sa.bindparam("keys", expanding=True)))
_KEEP = _FIND.order_by(campaigns.c.key).with_for_update(read=True)
_NAMES: sa.BindParameter[str] = sa.bindparam("names", expanding=True)
_ALIASES = sa.select(aliases.c.telnyx_campaign_id, aliases.c.tcr_campaign_id).where(
    sa.or_(aliases.c.telnyx_campaign_id.in_(_NAMES), aliases.c.tcr_campaign_id.in_(_NAMES))
)
_REMEMBER = sa.insert(campaign_history).from_select(
    [*Campaign.__slots__, "changed_at"],
    sa.select(*_COLUMNS, sa.bindparam("at", type_=campaign_history.c.changed_at.type)).where(
        campaigns.c.key == sa.bindparam("of_key")
    ),
)
_HISTORY = (
    sa.select(campaign_history.c.changed_at, *(campaign_history.c[name] for name in Campaign.__slots__))
    .where(campaign_history.c.key.in_(sa.bindparam("keys", expanding=True)))
    .order_by(campaign_history.c.key, campaign_history.c.changed_at, campaign_history.c.seq)
)
_LOCK_TO_CHANGE = _FIND.order_by(campaigns.c.key).with_for_update()


def lock(connection: sa.Connection, keys: AbstractSet[str], *, to_change: bool) -> dict[str, Campaign]:
    """Make sure that these campaigns exist, and hold them until the transaction ends.

    Registrations only keep a campaign from changing (``to_change=False``) and do not wait for each other.
    """
    query = _LOCK_TO_CHANGE if to_change else _KEEP
    found = _locked(connection, query, keys)
    if missing := keys - found.keys():
        rows = [{"key": key, "status": CampaignStatus.ACTIVE} for key in sorted(missing)]
        upserting.insert_missing(connection, campaigns, rows)
        found |= _locked(connection, query, missing)
    return found


def _locked(connection: sa.Connection, query: sa.Select[Any], keys: Collection[str]) -> dict[str, Campaign]:
    found: dict[str, Campaign] = {}
    for part in upserting.parts(sorted(keys)):
        found |= _by_key(connection, query, part)
    return found


def find(connection: sa.Connection, keys: Collection[str]) -> dict[str, Campaign]:
    """Return the campaigns held under these keys."""
    found: dict[str, Campaign] = {}
    for part in upserting.parts(sorted(keys)):
        found |= _by_key(connection, _FIND, part)
    return found


def history(connection: sa.Connection, keys: Collection[str]) -> dict[str, list[tuple[datetime, Campaign]]]:
    """Return all that these campaigns ever were, each with since when, oldest first."""
    found: dict[str, list[tuple[datetime, Campaign]]] = {}
    for part in upserting.parts(sorted(keys)):
        for row in connection.execute(_HISTORY, {"keys": part}):
            told = row._asdict()
            found.setdefault(row.key, []).append((told.pop("changed_at"), _campaign(told)))
    return found


def listing(connection: sa.Connection, *, limit: int, after: str | None = None) -> list[Campaign]:
    """Return campaigns by key; ``after`` is the last key of the page before."""
    query = sa.select(*_COLUMNS).order_by(campaigns.c.key).limit(limit)
    if after is not None:
        query = query.where(campaigns.c.key > after)
    return list(_by_key(connection, query).values())


def tied_to(connection: sa.Connection, registrations: Collection[str]) -> list[str]:
    """Return the keys of our own campaigns that are tied to any of these carriers' ids."""
    query = sa.select(campaigns.c.key).where(
        sa.or_(campaigns.c.tcr_campaign_id.in_(registrations), campaigns.c.telnyx_campaign_id.in_(registrations))
    )
    return list(connection.scalars(query))


def update(connection: sa.Connection, key: str, changes: dict[str, Any], *, now: datetime) -> None:
    """Change a campaign that is locked, and put down in its history what it is from now on."""
    connection.execute(sa.update(campaigns).where(campaigns.c.key == key).values(changes))
    connection.execute(_REMEMBER, {"of_key": key, "at": now})


def tie(connection: sa.Connection, telnyx_campaign_id: str, tcr_campaign_id: str, *, told_by: str) -> None:
    """Keep that these two ids name one campaign, and who said so."""
    row = {"telnyx_campaign_id": telnyx_campaign_id, "tcr_campaign_id": tcr_campaign_id, "told_by": told_by}
    upserting.insert_missing(connection, aliases, [row])


def untie(connection: sa.Connection, *, told_by: str) -> None:
    """Forget what somebody said of which ids name one campaign."""
    connection.execute(sa.delete(aliases).where(aliases.c.told_by == told_by))


def aliases_of(connection: sa.Connection, names: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return every pair that names one of these ids, and what those pairs lead to."""
    found: set[tuple[str, str]] = set()
    known = set(names)
    fresh = set(names)
    while fresh:
        pairs = {(telnyx, tcr) for telnyx, tcr in connection.execute(_ALIASES, {"names": sorted(fresh)})}
        found |= pairs
        fresh = {name for pair in pairs for name in pair} - known
        known |= fresh
    return frozenset(found)


def _by_key(connection: sa.Connection, query: sa.Select[Any], keys: Collection[str] = ()) -> dict[str, Campaign]:
    found: dict[str, Campaign] = {}
    for row in connection.execute(query, {"keys": keys} if keys else None):
        found[row.key] = _campaign(row._asdict())
    return found


def _campaign(held: dict[str, Any]) -> Campaign:
    held["status"] = CampaignStatus(held["status"])
    held["carrier_state"] = CarrierState(held["carrier_state"]) if held["carrier_state"] else None
    return Campaign(**held)
