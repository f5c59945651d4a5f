"""A file system of a few megabytes that a test can fill, where the machine lets us have one."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PIECE = 64 * 1024
_PAGE = 4096


class NoSmallDisk(Exception):
    """This machine lets us mount nothing; the message says why."""


class SmallDisk:
    """A mounted file system, and a file that takes what is left of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave not a byte."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (_PIECE, _PAGE, 1):
                with suppress(OSError):
                    while True:
                        filler.write(bytes(size))

    def make_room(self) -> None:
        """Give back what was taken."""
        self._filler.unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[SmallDisk]:
    """Mount a tmpfs on a folder and unmount it afterwards. Raises NoSmallDisk where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={int(megabytes * 1024)}k,mode=0777"
    try:
        _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    except FileNotFoundError:
        raise NoSmallDisk("there is no mount command") from None
    except subprocess.CalledProcessError as error:
        raise NoSmallDisk(error.stderr.decode(errors="replace").strip() or os.strerror(errno.EPERM)) from None
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: a process that is still ending may hold a file.
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
