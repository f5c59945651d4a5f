"""The nginx whose configuration the documentation ships, without its certificate, before a receiver of ours."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import ports
from tests.faults.fleet import ROOT
from tests.processes import wait_for

_SHIPPED = ROOT / "docs" / "nginx.conf"


def is_there() -> bool:
    return shutil.which("nginx") is not None


@contextmanager
def before(port: int, folder: Path) -> Iterator[int]:
    """Run nginx before a port and yield its own; TLS aside it is set as shipped."""
    own = ports.reserve()
    config = folder / "nginx.conf"
    config.write_text(_here(_SHIPPED.read_text(), folder, own, port))
    process = subprocess.Popen(["nginx", "-c", str(config), "-e", str(folder / "nginx.log"), "-g", "daemon off;"])
    try:
        assert wait_for(lambda: _listens(own), 10), (folder / "nginx.log").read_text()
        yield own
    finally:
        process.terminate()
        process.wait()


def _here(shipped: str, folder: Path, own: int, upstream: int) -> str:
    """Return the configuration with the addresses and files of this run, and all else as it is."""
    changed = re.sub(r"\n *ssl_certificate.*", "", shipped)
    for shown, real in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{own};"),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};"),
        ("/var/log/nginx/error.log", str(folder / "nginx.log")),
        ("10.0.0.0/8", "127.0.0.1"),
        ("http {", f"pid {folder}/nginx.pid;\nhttp {{\n    client_body_temp_path {folder}/body;"),
    ):
        assert shown in changed, shown
        changed = changed.replace(shown, real)
    return changed


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
