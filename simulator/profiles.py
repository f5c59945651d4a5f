"""Messaging profiles: where a number's webhooks go, and whether it may send.

https://developers.telnyx.com/api-reference/profiles/retrieve-a-messaging-profile
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from simulator.addresses import is_web_address
from simulator.messages import JsonObject, moment

_API_VERSIONS = ("1", "2", "2010-04-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One messaging profile; a URL it does not have is the account's."""

    id: str
    name: str = "Simulated profile"
    enabled: bool = True
    webhook_url: str | None = None
    webhook_failover_url: str | None = None
    webhook_api_version: str = "2"


class Profiles:
    """The account's profiles. One exists from the start; others as soon as somebody uses or sets them."""

    def __init__(self, default_id: str, *, created_at: datetime) -> None:
        self.default_id = default_id
        self._created_at = created_at
        self._profiles: dict[str, Profile] = {}
        self._by_number: dict[str, str] = {}
        self.use(default_id)

    def __iter__(self) -> Iterator[Profile]:
        return iter(list(self._profiles.values()))

    def find(self, profile_id: str) -> Profile | None:
        """Give the profile, if there is one."""
        return self._profiles.get(profile_id)

    def use(self, profile_id: str | None, *, number: str | None = None) -> Profile:
        """Give the profile to send with, made when it is new; the number belongs to it from now on."""
        chosen = profile_id or self.of_number(number)
        if number is not None:
            self._by_number[number] = chosen
        return self._profiles.setdefault(chosen, Profile(id=chosen))

    def of_number(self, number: str | None) -> str:
        """Give the id of the profile that one of the account's numbers belongs to."""
        return self._by_number.get(number or "", self.default_id)

    def change(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Set fields of profiles, by their ids; raises ``ValueError``, and then changes none."""
        if not isinstance(changes, Mapping):
            raise TypeError("The setting 'profiles' is an object of profile ids and their settings.")
        changed = {profile_id: self._changed(profile_id, fields) for profile_id, fields in changes.items()}
        self._profiles.update(changed)

    def as_telnyx(self, profile: Profile, *, urls: Sequence[str | None]) -> JsonObject:
        """Give the profile object of the API, with the primary and failover URLs in effect."""
        webhook_url, webhook_failover_url = urls
        return {
            "record_type": "messaging_profile",
            "id": profile.id,
            "name": profile.name,
            "enabled": profile.enabled,
            "webhook_url": webhook_url,
            "webhook_failover_url": webhook_failover_url,
            "webhook_api_version": profile.webhook_api_version,
            "whitelisted_destinations": ["US"],
            "number_pool_settings": None,
            "url_shortener_settings": None,
            "alpha_sender": None,
            "created_at": moment(self._created_at),
            "updated_at": moment(self._created_at),
        }

    def _changed(self, profile_id: str, changes: Mapping[str, Any]) -> Profile:
        unknown = sorted(set(changes) - {each.name for each in fields(Profile)} | {"id"} & set(changes))
        if unknown:
            raise ValueError(f"A messaging profile has no setting {', '.join(unknown)}.")
        for name in ("webhook_url", "webhook_failover_url"):
            url = changes.get(name)
            if url is not None and not (isinstance(url, str) and is_web_address(url)):
                raise ValueError(f"The setting '{name}' of a messaging profile must be an http or https URL.")
        if changes.get("webhook_api_version", "2") not in _API_VERSIONS:
            raise ValueError(f"The setting 'webhook_api_version' is one of {', '.join(_API_VERSIONS)}.")
        if not isinstance(changes.get("enabled", True), bool):
            raise TypeError("The setting 'enabled' is true or false.")
        return replace(self._profiles.get(profile_id, Profile(id=profile_id)), **changes)
