"""What a webhook URL must look like, and whether it leaves this machine."""

import ipaddress
from urllib.parse import urlsplit


def is_web_address(url: str) -> bool:
    """Whether a webhook could be posted to this URL at all."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether the URL points at this very machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
