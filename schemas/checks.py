"""What an environment variable must look like, each check with the remedy as its message."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

from marshmallow import ValidationError

from core import failpoints
from schemas import api_keys, keys
from schemas.handover import HANDOVER_PATH

_MIN_SECRET = 32
#: A name of up to 253 characters, in labels of up to 63; names in other scripts are written in their ASCII form.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
#: What a file system takes for one name.
_MAX_NAME = 255
_REDIS_OPTIONS = {"db", "password", "username"}
_TELNYX_HOST, _TELNYX_PATH = "api.telnyx.com", "/v2"


def public_keys(raw: str) -> None:
    """Check TELNYX_PUBLIC_KEY."""
    try:
        keys.public_keys(raw)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def digests(raw: str) -> None:
    """Check RESCIND_PASSTHROUGH_KEYS."""
    try:
        api_keys.digests(raw)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def credential(raw: str) -> None:
    """Check what is sent in a header: visible ASCII characters, no blanks."""
    if not all("!" <= char <= "~" for char in raw):
        raise ValidationError("has a blank or another character that no HTTP header can carry; copy it again")


def base_url(raw: str) -> None:
    """Check TELNYX_BASE_URL: the API key travels to it, so only encrypted, or within this machine."""
    url = _http_url(raw, example="https://api.telnyx.com/v2")
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        raise ValidationError("would send the API key unencrypted; give an https:// URL")
    if url.hostname == _TELNYX_HOST and url.path.rstrip("/") != _TELNYX_PATH:
        raise ValidationError("lacks the version; give https://api.telnyx.com/v2")


def handover_url(raw: str) -> None:
    """Check RESCIND_HANDOVER_URL: people's texts travel to it, so only encrypted, or within a private network."""
    url = _http_url(raw, example=f"https://primary.example.com{HANDOVER_PATH}")
    host = url.hostname or ""
    if url.path != HANDOVER_PATH:
        raise ValidationError(f"does not end in {HANDOVER_PATH}; give the primary's host with that path")
    if url.scheme == "http" and not (_is_loopback(host) or _is_private(host)):
        raise ValidationError("would send texts and numbers unencrypted; give an https:// URL")


def spool(raw: str) -> None:
    """Check RESCIND_SPOOL: what waits there has to outlive the process."""
    if raw.startswith((":memory:", "file:", "sqlite:")):
        raise ValidationError("is no file; give a path such as /srv/rescind/spool.db")
    if any(len(part.encode(errors="surrogateescape")) > _MAX_NAME for part in raw.split("/")):
        raise ValidationError(f"has a name of more than {_MAX_NAME} bytes in it; give a shorter path")


def shared_secret(raw: str) -> None:
    """Check RESCIND_HANDOVER_SECRET: whoever guesses it can bring old events in."""
    credential(raw)
    if len(raw) < _MIN_SECRET:
        raise ValidationError(
            f"is shorter than {_MIN_SECRET} characters; make one with"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


def failpoint(raw: str) -> None:
    """Check FAILPOINT."""
    try:
        failpoints.plan(raw)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def redis_url(raw: str) -> None:
    """Check REDIS_URL: whoever can write to Redis can make workers run jobs."""
    url = _split(raw)
    if url.scheme == "unix":
        return
    if url.scheme not in {"redis", "rediss"}:
        raise ValidationError("is no Redis URL; give one that starts with redis://, rediss:// or unix://")
    options = parse_qs(url.query, keep_blank_values=True)
    unknown = sorted(name for name in options if name not in _REDIS_OPTIONS and not name.startswith("ssl_"))
    if unknown:
        raise ValidationError(f"has an option that is unknown here, '{unknown[0]}'; leave it out")
    if not (_is_loopback(url.hostname or "localhost") or url.password or options.get("password")):
        raise ValidationError("has no password for a server on another machine; give redis://:password@host:6379/0")


def _http_url(raw: str, *, example: str) -> SplitResult:
    url = _split(raw)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValidationError(f"is no http(s) URL; give one such as {example}")
    if url.username or url.password or url.query or url.fragment:
        raise ValidationError(f"has more than a host and a path; give a URL such as {example}")
    if not (_HOST.fullmatch(url.hostname) or _is_address(url.hostname)):
        raise ValidationError(f"has a host that no name server knows such names of; give a URL such as {example}")
    return url


def _split(raw: str) -> SplitResult:
    try:
        url = urlsplit(raw)
        url.port  # noqa: B018 - a wrong port shows only when it is asked for
    except ValueError:
        raise ValidationError("is no URL; check its host and port") from None
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
