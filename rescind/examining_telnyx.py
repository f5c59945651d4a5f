"""The doctor's look at Telnyx: the key, our clock against theirs, and where webhooks are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from rescind.findings import Finding, fail, ok, warn
from schemas.envelope import FAILOVER_PATH, WEBHOOK_PATH
from schemas.settings import Settings

_TIMEOUT = 10.0
_HINT = f" (run a failover process elsewhere, and set webhook_failover_url to its https://…{FAILOVER_PATH})"
#: The path at which Rescind listens, by the name of the profile's field. A second deployment over the same database
#: may serve as a failover as well.
_PATHS = {"webhook_url": (WEBHOOK_PATH,), "webhook_failover_url": (FAILOVER_PATH, WEBHOOK_PATH)}
#: An HTTP date is whole seconds, and the answer was on its way.
_SKEW_WARN = timedelta(seconds=15)


def telnyx(settings: Settings) -> Iterator[Finding]:
    """Ask Telnyx for the messaging profiles; whatever it answers tells something."""
    if settings.telnyx_api_key is None:
        return
    try:
        response = httpx.get(
            f"{settings.telnyx_base_url}/messaging_profiles",
            params={"page[size]": 250},
            headers={"Authorization": f"Bearer {settings.telnyx_api_key.reveal()}"},
            timeout=_TIMEOUT,
        )
    except httpx.HTTPError as error:
        yield fail("Telnyx", f"{settings.telnyx_base_url}: {error}", "check the network and TELNYX_BASE_URL")
        return
    yield from _clock(response, settings.tolerance)
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        yield fail("Telnyx", f"it refuses TELNYX_API_KEY ({response.status_code})", "make a new key in the portal")
        return
    profiles = _profiles(response)
    if profiles is None:
        yield fail(
            "Telnyx",
            f"{settings.telnyx_base_url} answers {response.status_code}, not with messaging profiles",
            "TELNYX_BASE_URL ends in /v2; if it does, try again later",
        )
        return
    yield ok("Telnyx", f"reachable, with {len(profiles)} messaging profile(s)")
    for profile in profiles:
        yield from _webhooks(profile)


def _clock(response: httpx.Response, tolerance: timedelta) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return
    skew = abs(datetime.now(UTC) - theirs.astimezone(UTC))
    if skew <= _SKEW_WARN:
        yield ok("clock", f"within {int(_SKEW_WARN.total_seconds())} s of Telnyx's")
        return
    told = f"{int(skew.total_seconds())} s off Telnyx's"
    remedy = "synchronise it (NTP): signatures are judged, and messages cancelled, by it"
    yield (fail if skew > tolerance / 2 else warn)("clock", told, remedy)


def _profiles(response: httpx.Response) -> list[Mapping[str, Any]] | None:
    try:
        profiles = response.json()["data"]
    except (ValueError, KeyError, TypeError):
        return None
    return [each for each in profiles if isinstance(each, Mapping)] if isinstance(profiles, list) else None


def _webhooks(profile: Mapping[str, Any]) -> Iterator[Finding]:
    subject = f"profile {profile.get('name') or profile.get('id')}"
    version = profile.get("webhook_api_version")
    urls = {name: str(profile[name]) for name in _PATHS if profile.get(name)}
    if "webhook_url" not in urls:
        yield warn(subject, "it has no webhook_url, so its events come nowhere", f"set it to https://…{WEBHOOK_PATH}")
        return
    elsewhere = {name: url for name, url in urls.items() if urlsplit(url).path not in _PATHS[name]}
    for name, url in elsewhere.items():
        yield warn(subject, f"its {name} is {url}", f"Rescind listens at https://…{_PATHS[name][0]}")
    is_one_host = len(urls) > 1 and len({urlsplit(url).netloc for url in urls.values()}) == 1
    if is_one_host:
        yield warn(
            subject,
            "its webhook_failover_url leads to the same host as its webhook_url, and fails with it",
            f"run the failover process elsewhere, and name its https://…{FAILOVER_PATH}",
        )
    if version != "2":
        yield fail(
            subject,
            f"its webhook_api_version is {version}, whose events are unsigned and shaped otherwise",
            'set webhook_api_version to "2"',
        )
    elif not elsewhere and not is_one_host:
        yield ok(subject, f"webhooks go to {', then to '.join(urls.values())}{_HINT if len(urls) == 1 else ''}")
