"""The campaigns that messages belong to, under all their names."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from core import campaigns as campaign_names
from core.campaigns import Campaign
from store import campaigns
from store.messages import MessageRow


def names_of(row: MessageRow) -> frozenset[str]:
    """Return the names under which a message's campaign may be held."""
    return frozenset(name for name in (row.campaign_key, row.tcr_campaign_id) if name)


class Campaigns:
    """The campaigns that some messages belong to, read once."""

    def __init__(self, connection: sa.Connection, names: set[str]) -> None:
        self._cache: dict[frozenset[str], tuple[Campaign, ...]] = {}
        self._held: dict[str, Campaign] = {}
        self._aliases: frozenset[tuple[str, str]] = frozenset()
        self._named: dict[str, Campaign] = {}
        if not names:
            return
        self._held = campaigns.find(connection, names)
        tied = {name for campaign in self._held.values() for name in campaign.names()} | names
        self._aliases = campaigns.aliases_of(connection, tied)
        further = tied | {name for pair in self._aliases for name in pair}
        self._held |= campaigns.find(connection, further - self._held.keys())
        self._named = {name: Campaign(name) for name in further} | self._held

    def of(self, row: MessageRow) -> tuple[Campaign, ...]:
        """Return a message's own campaign first, then those it is tied to."""
        names = names_of(row)
        if names not in self._cache:
            keys = campaign_names.linked(names, self._held, self._aliases)
            self._cache[names] = tuple(self._held[key] for key in keys)
        return tuple(sorted(self._cache[names], key=lambda campaign: campaign.key != row.campaign_key))

    def names_of(self, row: MessageRow) -> Collection[str]:
        """Return every name that the message's campaign goes by, those included that nothing else is held under."""
        return self.one_with(names_of(row))

    def one_with(self, names: frozenset[str]) -> Collection[str]:
        """Return every name of the campaign that goes by these."""
        return campaign_names.linked(names, self._named, self._aliases)
