from __future__ import annotations

import hashlib
import os
import shutil
import threading

import pytest

from core.deciding import Mode
from core.errors import RulesUnavailable, SettingsError
from schemas.policies import LARGEST
from schemas.rulebook import Standing
from tests.rulebook_world import OFF, SHADOW, World


@pytest.fixture(params=[True, False], ids=["named", "found"])
def world(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return World(tmp_path, request.param)


def replace(world, text):
    new = world.path.with_suffix(".new")
    new.write_text(text)
    new.rename(world.path)


def rewrite_in_the_old_time(world, text):
    before = world.path.stat()
    world.write(text)
    os.utime(world.path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [World.write, replace, rewrite_in_the_old_time])
def test_changed_file_is_followed_once_it_is_at_rest(world, change):
    world.write(SHADOW)
    assert world.open() is Mode.SHADOW
    first = world.rulebook.current()
    world.rest()
    assert world.rulebook.current().digest == first.digest

    text = '[opt_out]\nmode = "enforce"\n' if change is World.write else '[opt_out]\nmode = "off"   \n'
    world.ahead = 0
    change(world, text)
    assert world.mode is Mode.SHADOW
    world.rest()

    assert world.mode is not Mode.SHADOW
    now = world.rulebook.current()
    assert now.file_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert world.log.told == [("policies_followed", {"digest": now.digest, "before": first.digest})]
    assert world.rulebook.trouble is None


def test_file_that_was_being_written_at_the_start_is_read_again(world):
    world.write("")
    assert world.open() is Mode.ENFORCE
    rewrite_in_the_old_time(world, SHADOW)
    world.rest()
    assert world.mode is Mode.SHADOW


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda world: world.write('[opt_out]\nmode = "of'), "line 2, column 11"),
        (lambda world: world.write('[opt_out]\nmode = "never"\n'), "opt_out.mode is 'never'"),
        (lambda world: world.write(b"\xff"), "is not UTF-8"),
        (lambda world: world.write(f"[frequency_cap]\nmost = {'9' * 5000}\n"), "line 2: holds a number"),
        (lambda world: world.write(f"a = 1\nx = {'[' * 5000}"), "line 2: is nested more than 10 deep"),
        (lambda world: world.write("#" * (LARGEST + 1)), "is larger than 256 KiB"),
        (lambda world: world.path.unlink(), "does not exist"),
        (lambda world: (world.path.unlink(), world.path.symlink_to("nowhere")), "does not exist"),
        (lambda world: (world.path.unlink(), world.path.mkdir()), "Is a directory"),
        (lambda world: (world.path.unlink(), os.mkfifo(world.path)), "is no regular file"),
        (lambda world: (world.path.unlink(), world.path.symlink_to("/dev/zero")), "is no regular file"),
    ],
    ids=[
        "half",
        "wrong",
        "no text",
        "long number",
        "deep",
        "large",
        "removed",
        "a link to nothing",
        "a folder",
        "a pipe",
        "a device",
    ],
)
def test_file_that_cannot_be_followed_changes_nothing_and_is_told_of_once(world, spoil, reason):
    world.write(SHADOW)
    world.open()
    before = world.rulebook.current()
    spoil(world)
    world.rest()

    assert [world.rulebook.current().digest for _ in range(3)] == [before.digest] * 3
    assert world.mode is Mode.SHADOW
    ((event, told),) = world.log.told
    assert (event, told["digest"]) == ("policies_unchanged", before.digest)
    assert reason in told["reason"]
    assert world.rulebook.trouble == told["reason"]
    assert "\n" not in told["reason"]

    if world.path.is_dir():
        world.path.rmdir()
    else:
        world.path.unlink(missing_ok=True)
    world.ahead = 0
    world.write(OFF)
    world.rest()
    assert world.mode is Mode.OFF
    assert world.rulebook.trouble is None
    assert [event for event, _ in world.log.told] == ["policies_unchanged", "policies_followed"]


def test_comment_changes_the_files_digest_and_not_that_of_the_rules(world):
    world.write(SHADOW)
    world.open()
    before = world.rulebook.current()
    world.write(SHADOW + "# as agreed\n")
    world.rest()
    now = world.rulebook.current()
    assert (now.digest, world.log.told) == (before.digest, [])
    assert now.file_sha256 != before.file_sha256


def test_without_a_file_the_defaults_are_in_force_until_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path, named=False)
    assert world.open() is Mode.ENFORCE
    assert world.rulebook.current().file_sha256 is None
    monkeypatch.chdir("/")
    world.write(SHADOW)
    world.rest()
    assert world.mode is Mode.SHADOW


def test_link_that_is_turned_to_another_file_is_followed(tmp_path):
    world = World(tmp_path, named=True)
    for name, text in (("old", OFF), ("new", SHADOW)):
        (tmp_path / name).write_text(text)
    world.path.symlink_to(tmp_path / "old")
    world.open()
    world.rest()
    (tmp_path / "link").symlink_to(tmp_path / "new")
    (tmp_path / "link").rename(world.path)
    assert world.mode is Mode.SHADOW


def test_link_to_nothing_stops_the_start_where_no_file_would_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path, named=False)
    world.path.symlink_to("nowhere")
    with pytest.raises(SettingsError, match="does not exist"):
        world.open()


@pytest.mark.parametrize("text", ["[opt_out]\nmode = 3\n", None])
def test_wrong_file_stops_the_start(tmp_path, text):
    world = World(tmp_path, named=True)
    if text is not None:
        world.write(text)
    with pytest.raises(SettingsError):
        world.open()
    assert world.log.told == []


def test_file_from_a_time_to_come_is_followed(world):
    world.write(OFF)
    world.open()
    world.write(SHADOW)
    world.ahead = -3600
    assert world.mode is Mode.SHADOW


def test_one_set_of_rules_is_made_of_a_change_however_many_ask(tmp_path):
    world = World(tmp_path, named=True)
    world.write(OFF)
    world.open()
    world.write(SHADOW)
    world.rest()
    begin, seen = threading.Barrier(8), []

    def ask():
        begin.wait()
        seen.extend(id(world.rulebook.current()) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 1
    assert len(world.log.told) == 1


def test_folder_that_is_exchanged_whole_is_followed(tmp_path):
    world = World(tmp_path / "live", named=True)
    for name, text in (("live", OFF), ("next", SHADOW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policies.toml").write_text(text)
    world.open()
    world.rest()
    shutil.rmtree(tmp_path / "live")
    (tmp_path / "next").rename(tmp_path / "live")
    assert world.mode is Mode.SHADOW


def test_who_waits_has_no_rules_until_the_file_is_mended(world):
    world.write('[opt_out]\nmode = "never"\n')
    with pytest.raises(SettingsError, match=r"opt_out\.mode is 'never'"):
        world.open()
    with pytest.raises(RulesUnavailable, match=r"nothing can be decided until .*opt_out.mode is 'never'"):
        world.open(waits=True)
    world.rest()
    with pytest.raises(RulesUnavailable, match=r"opt_out\.mode is 'never'"):
        world.rulebook.current()
    assert world.rulebook.standing() is Standing.UNAVAILABLE

    world.write(SHADOW)
    world.rest()

    assert world.mode is Mode.SHADOW
    assert world.rulebook.standing() is Standing.FOLLOWED
    assert world.rulebook.trouble is None
    digest = world.rulebook.current().digest
    assert [event for event, _ in world.log.told] == ["policies_unavailable", "policies_followed"]
    assert world.log.told[1] == ("policies_followed", {"digest": digest, "before": None})


def test_who_waits_for_rules_and_has_some_keeps_them(world):
    world.write(SHADOW)
    assert world.open(waits=True) is Mode.SHADOW

    world.write("[opt_out")
    world.rest()

    assert world.mode is Mode.SHADOW
    assert world.rulebook.trouble
    assert world.rulebook.standing() is Standing.NOT_FOLLOWED
