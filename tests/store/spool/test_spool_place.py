"""What RESCIND_SPOOL may name: a file of the spool's own, and nothing that is somebody else's."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from core.errors import SettingsError
from store.spool import place
from tests.spooling import Spooled


@pytest.mark.parametrize(
    "content", [b"[policy]\n" * 500, b"x", b"SQLite format 2\0"], ids=["a policy", "one byte", "nearly"]
)
def test_file_that_never_was_a_spool_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "policy.toml"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=r"policy\.toml, which is no spool; name a file of its own"):
        Spooled(path).spool.open()

    assert [each.name for each in tmp_path.iterdir()] == ["policy.toml"]
    assert path.read_bytes() == content


@pytest.mark.parametrize("beside", [".lock", "-wal"])
def test_garbled_file_with_a_spools_files_beside_it_is_set_aside(tmp_path, beside):
    path = tmp_path / "spool.db"
    path.write_bytes(b"\0" * 5000)
    Path(f"{path}{beside}").touch()

    spooled = Spooled(path)
    spooled.spool.open()

    assert len(spooled.set_aside()) == 1
    assert spooled.waiting() == []
    await_thread("salvage")


def await_thread(name: str) -> None:
    for each in threading.enumerate():
        if each.name == name:
            each.join(20)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    for path, why in [(tmp_path, "is a directory"), (tmp_path / "pipe", "is no regular file")]:
        with pytest.raises(SettingsError, match=f"{re.escape(str(path))}, which {why}; name a file of its own"):
            Spooled(path).spool.open()

    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_place_that_can_be_made_is_passed_and_left_as_it_was(tmp_path):
    place.require_makeable(tmp_path / "new" / "folder" / "spool.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/proc/nope/spool.db", "file/spool.db"], ids=["no such folder", "below a file"])
def test_place_that_cannot_be_made_is_refused_with_the_cause(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"which cannot be made: (No such file|Not a directory|Permission denied)"):
        place.require_makeable(Path(path))
