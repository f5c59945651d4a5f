"""The doctor's look at what is ours: settings, policies, database, Redis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from core.errors import SettingsError, StoreUnavailable
from core.policies import catalogue
from rescind import databases
from rescind.findings import Finding, fail, ok, warn
from schemas import policies
from schemas.settings import Settings
from store import backlog, durability, rulebooks
from store.bell import connect
from store.engine import Database
from store.rulebooks import RulebookRow

_LONG_WAIT = timedelta(minutes=1)
_REDIS_PATIENCE = timedelta(seconds=2)
_OLDEST_REDIS = (6, 2)
_SHORT_TOKEN = 16
_MAKE_LONGER = "set it to a long random text, such as `openssl rand -hex 32` prints"


def public_key(settings: Settings) -> Iterator[Finding]:
    """Look for the key that webhooks are verified with."""
    if settings.telnyx_public_keys:
        yield ok("public key", f"{len(settings.telnyx_public_keys)} valid Ed25519 key(s)")
    else:
        yield fail(
            "public key",
            "TELNYX_PUBLIC_KEY is not set, so the receiver refuses to start",
            "copy it from Keys & Credentials in Telnyx's portal",
        )


def credentials(settings: Settings) -> Iterator[Finding]:
    """Look for the key that Telnyx's API wants, and the token that ours wants."""
    if settings.telnyx_api_key is None:
        yield fail(
            "API key",
            "TELNYX_API_KEY is not set, so nothing can be cancelled",
            "make one under Keys & Credentials in Telnyx's portal",
        )
    if not settings.passthrough_keys:
        yield warn(
            "pass-through",
            "RESCIND_PASSTHROUGH_KEYS is not set, so every key that Telnyx accepts may use /v2, another account's too",
            "list the SHA-256 of your keys, as `printf %s KEY | sha256sum | cut -d' ' -f1` prints it, and keep /v2 from"
            " the internet",
        )
    if settings.api_token is None:
        yield warn(
            "API token",
            "RESCIND_API_TOKEN is not set, so /v1 is closed",
            _MAKE_LONGER,
        )
    elif len(settings.api_token.reveal()) < _SHORT_TOKEN:
        yield warn("API token", "RESCIND_API_TOKEN is short enough to be guessed", _MAKE_LONGER)


def policy_file(settings: Settings) -> Iterator[Finding]:
    """Read the policies, and ask whether they are what processes decide by."""
    path = settings.policies or policies.FILE
    try:
        raw = policies.raw_of(settings.policies)
        rules = catalogue.rules(**policies.parse(raw, path))
    except SettingsError as error:
        yield fail("policies", str(error), "correct the file")
        return
    source = "by default" if raw is None else str(path)
    yield ok("policies", f"{source}: " + ", ".join(f"{rule.name} ({rule.mode})" for rule in rules))
    followed = _followed(settings)
    if followed is None or followed.digest == rules.digest:
        return
    if raw is None and followed.file_sha256 is not None:
        yield fail(
            "policies",
            f"there is no {path} here, but there was one: what runs decides by what it said ({followed.digest}), and"
            " what is started now decides by the defaults",
            "put it back; if the defaults are meant, put an empty file there",
        )
        return
    yield warn(
        "policies",
        f"what was followed last are other settings ({followed.digest}, not {rules.digest})",
        "a change is followed within seconds: see that `rescind sweeper` runs, reads this file, and was started again"
        " if the package of a policy was installed since",
    )


def _followed(settings: Settings) -> RulebookRow | None:
    """Return the rules that all that is pending was last decided on by, if the database, looked at next, tells."""
    try:
        with databases.reading(settings) as connection:
            return rulebooks.followed(connection)
    except (SettingsError, StoreUnavailable):
        return None


def database(settings: Settings) -> Iterator[Finding]:
    """Reach the database, and ask for its tables, its durability, and whether work piles up in it."""
    ours = Database(settings.database_url)
    named = ours.url.render_as_string(hide_password=True)
    try:
        databases.require_migrated(ours)
        doubts = durability.doubts(ours)
        with ours.read() as connection:
            oldest = backlog.oldest_due(connection, now=datetime.now(UTC))
    except SettingsError as error:
        yield fail("database", f"{named}: {error}", "run `rescind migrate`")
        return
    except StoreUnavailable as error:
        yield fail("database", f"{named}: {error}", "start it, or correct DATABASE_URL")
        return
    finally:
        ours.dispose()
    yield ok("database", f"{named} is reachable and migrated")
    for doubt in doubts:
        yield fail("durability", f"{doubt}", "without it a crash loses events that were answered 200")
    waits = datetime.now(UTC) - oldest if oldest else timedelta()
    if waits > _LONG_WAIT:
        yield fail(
            "backlog",
            f"an accepted event has been waiting for {int(waits.total_seconds())} s",
            "start `rescind sweeper` and `rescind worker`, and look into their logs",
        )


def redis(settings: Settings) -> Iterator[Finding]:
    """Reach Redis, and ask for what makes it a good doorbell. It is never more than that, so little can fail."""
    if settings.redis_url is None:
        yield warn(
            "Redis",
            "REDIS_URL is not set: without the doorbell work begins a second or two later",
            "set it, or use `rescind up`, which brings a Valkey",
        )
        return
    try:
        with connect(settings.redis_url, patience=_REDIS_PATIENCE) as client:
            server = client.info("server")
            memory = client.info("memory")
            persistence = client.info("persistence")
    except (RedisError, OSError, ValueError) as error:
        yield warn(
            "Redis", f"it does not answer: {error}", "start it, or correct REDIS_URL; the sweeper works meanwhile"
        )
        return
    version = str(server.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_REDIS:
        yield fail("Redis", f"version {version} is too old", "use Redis 6.2 or newer, or any Valkey")
    else:
        yield ok("Redis", f"version {version} answers")
    if memory.get("maxmemory_policy") != "noeviction":
        yield warn(
            "Redis memory",
            f"maxmemory-policy is {memory.get('maxmemory_policy')}, so a full Redis drops the doorbell",
            "set maxmemory-policy noeviction",
        )
    if not persistence.get("aof_enabled"):
        yield warn("Redis persistence", "appendonly is off, so a restart forgets the doorbell", "set appendonly yes")
