"""Whether a path can be a spool's at all, before anything is done to what is there."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

from core.errors import SettingsError

_HEADER = b"SQLite format 3\0"


def require_own(path: Path) -> None:
    """Raise SettingsError for what is there and never was a spool; what cannot be looked at now is passed.

    A damaged spool need not begin as one does. It is told by what a spool has beside it.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise _refused(path, "is a directory")
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "is no regular file")
        # The file of a spool in use must not be opened and closed here: this process would lose its locks on it.
        if not found.st_size or any(Path(f"{path}{each}").exists() for each in (".lock", "-wal")):
            return
        with path.open("rb") as file:
            start = file.read(len(_HEADER))
    except OSError:
        return
    if start != _HEADER:
        raise _refused(path, "is no spool")


def require_makeable(path: Path) -> None:
    """Raise SettingsError when no file can be made there: a folder is made and removed again to see that."""
    try:
        nearest = next(each for each in path.absolute().parents if each.exists())
        with tempfile.TemporaryDirectory(prefix=".rescind-", dir=nearest):
            pass
    except OSError as error:
        raise SettingsError(
            f"RESCIND_SPOOL names {path}, which cannot be made: {error.strerror}; name a file in a folder that may be"
            " written"
        ) from None


def _refused(path: Path, why: str) -> SettingsError:
    return SettingsError(f"RESCIND_SPOOL names {path}, which {why}; name a file of its own")
