"""The spool's file in trouble: damaged, cut off, removed, of another program; events are taken all the same."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import SettingsError, StoreUnavailable
from core.inbox import Acceptance
from store.engine import Database
from store.migrating import upgrade
from tests.processes import wait_for
from tests.spooling import NOW, PAGE, Spooled, at_rest, event, flip

COUNT = 300


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture(scope="module")
def crashed(tmp_path_factory) -> Path:
    """The folder of a spool whose process was killed: most of it is in its write-ahead log."""
    folder = tmp_path_factory.mktemp("crashed")
    process = multiprocessing.get_context("spawn").Process(target=_fill_and_die, args=(folder / "spool.db",))
    process.start()
    process.join()
    assert process.exitcode == 7
    return folder


@pytest.fixture
def left_behind(path, crashed) -> Path:
    shutil.copytree(crashed, path.parent, dirs_exist_ok=True)
    return path


def filled(path: Path) -> Spooled:
    """A spool with events in it, ten of them handed over."""
    spooled = Spooled(path)
    spooled.spool.open()
    spooled.commit.put_all([event(number) for number in range(COUNT)])
    spooled.spool.handed(dict.fromkeys(range(1, 11), "accepted"), NOW)
    return spooled


def _fill_and_die(path: Path) -> None:
    filled(path)
    os._exit(7)


def log_of(path: Path) -> Path:
    return Path(f"{path}-wal")


def cut(path: Path, share: float) -> None:
    # Whole pages: of a row that is cut in half SQLite does not tell, but its signature does.
    os.truncate(path, int(path.stat().st_size * share) // PAGE * PAGE)


AT_REST = [
    pytest.param(lambda path: flip(path, 0), 0, id="its first bytes are others"),
    pytest.param(lambda path: flip(path, 100, 60), 0, id="the list of its tables is garbled"),
    pytest.param(lambda path: flip(path, PAGE, 100), COUNT, id="the root of its table is garbled"),
    pytest.param(lambda path: [flip(path, PAGE * page) for page in range(20, 40)], COUNT - 80, id="pages are garbled"),
    pytest.param(lambda path: cut(path, 0.5), COUNT // 3, id="half of it is gone"),
    pytest.param(lambda path: path.write_text("buy milk, " * 1000), 0, id="it is something else"),
]
IN_ITS_LOG = [
    pytest.param(lambda path: cut(path, 0), COUNT, id="the file is empty but for its log"),
    pytest.param(lambda path: path.unlink(), COUNT, id="the file is gone but for its log"),
]


@pytest.mark.parametrize(("damage", "at_least"), [*AT_REST, *IN_ITS_LOG])
def test_damaged_file_is_set_aside_at_the_start_and_what_can_be_read_is_saved(
    path, left_behind, damage: Callable[[Path], object], at_least, request, caplog
):
    if not request.node.callspec.id.endswith("its log"):
        at_rest(path)
    damage(path)

    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    (aside,) = spooled.set_aside()
    assert any(str(path) in line and str(aside) in line for line in errors(caplog))
    assert wait_for(lambda: any("the new spool" in line and "recover" in line for line in errors(caplog)))
    figures = spooled.spool.figures()
    assert at_least < figures.waiting + figures.handed <= COUNT + 1
    assert figures.handed == (10 if at_least else 0)
    assert "event-9000" in spooled.waiting()
    raws = spooled.column("raw")
    assert all(raws[name] == event(int(name.removeprefix("event-"))).raw for name in raws)


def errors(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(("damage", "at_least"), [AT_REST[0], AT_REST[3], AT_REST[4]])
def test_damage_done_while_running_is_found_and_mended(path, damage, at_least):
    spooled = filled(path)
    spooled.spool.dispose()
    with spooled.spool.database.engine.connect().execution_options(begin="") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    damage(path)
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    spooled.spool.due(NOW.replace(year=2027), 10_000)
    assert len(spooled.set_aside()) == 1
    assert wait_for(lambda: spooled.spool.figures().waiting >= at_least - 10)
    assert spooled.commit.put(event(9001)) is Acceptance.ACCEPTED
    assert {"event-9000", "event-9001"} <= set(spooled.waiting())


def test_log_cut_off_costs_what_was_in_it_and_nothing_more(path, left_behind):
    cut(log_of(path), 0.5)
    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.set_aside() == []
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    assert "event-9000" in spooled.waiting()


def test_saved_rows_keep_their_state_and_are_saved_once(path, left_behind):
    at_rest(path)
    flip(path, PAGE, 100)
    first = Spooled(path)
    first.spool.open()
    assert first.waits_for(COUNT - 10)
    row = first.spool.due(NOW.replace(year=2027), 1)[0]
    first.spool.handed({row.id: "accepted"}, NOW)
    second = Spooled(path)
    second.spool.open()
    assert second.commit.put(event(1)) is Acceptance.DUPLICATE
    assert (second.spool.figures().waiting, second.spool.figures().handed) == (COUNT - 11, 11)
    assert len(second.set_aside()) == 1


def test_processes_that_start_together_set_a_file_aside_once(path, left_behind):
    at_rest(path)
    flip(path, PAGE, 100)
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    processes = [context.Process(target=_open_and_put, args=(path, number, together)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.waits_for(COUNT - 10 + 3)
    assert len(spooled.set_aside()) == 1


def _open_and_put(path: Path, number: int, together: multiprocessing.synchronize.Barrier) -> None:
    spooled = Spooled(path)
    together.wait(30)
    spooled.spool.open()
    assert spooled.commit.put(event(9000 + number)) is Acceptance.ACCEPTED


def test_a_file_that_is_being_moved_while_it_is_looked_at_is_looked_at_again(path, left_behind):
    """Whoever moves it has the turn to write, and until it is done a reader may be told of an error of the disk."""
    shared = Path(f"{path}-shm")
    shared.unlink(missing_ok=True)
    shared.symlink_to(path.parent / "nowhere" / "at all")
    with Path(f"{path}.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        spooled = Spooled(path)
        opening = threading.Thread(target=spooled.spool.open)
        opening.start()
        opening.join(0.5)
        assert opening.is_alive()
        shared.unlink()
    opening.join(30)
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    assert spooled.waits_for(COUNT - 10 + 1)
    assert spooled.set_aside() == []


def test_others_follow_to_the_new_file(path):
    """A process that has the damaged file open must neither write to it nor take the new one's log away."""
    idle = filled(path)
    at_rest(path)
    idle.spool.due(NOW, 1)
    flip(path, 0)
    other = Spooled(path)
    other.spool.open()
    assert other.commit.put(event(9000)) is Acceptance.ACCEPTED
    assert idle.commit.put(event(9001)) is Acceptance.ACCEPTED
    idle.spool.dispose()
    assert {"event-9000", "event-9001"} <= set(Spooled(path).waiting())
    assert len(other.set_aside()) == 1


def test_setting_aside_that_was_cut_short_is_finished(path, left_behind):
    aside = Path(f"{path}.corrupt-20260301T120000Z")
    log_of(path).rename(log_of(aside))
    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.set_aside() == [aside]
    assert spooled.waits_for(COUNT - 10)


@pytest.mark.parametrize("what", ["the file", "all of its files"])
def test_nothing_is_acknowledged_into_a_file_that_was_removed(path, what, caplog):
    spooled = filled(path)
    for each in [path] if what == "the file" else [path, log_of(path), Path(f"{path}-shm")]:
        each.unlink()
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    with closing(sqlite3.connect(path)) as connection:
        assert ("event-9000",) in connection.execute("SELECT event_id FROM spooled_events").fetchall()
    assert any("was removed while in use" in line for line in errors(caplog))


def test_file_of_another_release_is_set_aside_and_comes_back_with_it(path, left_behind):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    (aside,) = spooled.set_aside()
    assert aside.name.startswith("spool.db.format2-")
    assert spooled.waiting() == ["event-9000"]

    aside.rename(aside.with_name(aside.name.replace("format2", "format1")))
    Spooled(path).spool.open()
    assert spooled.waits_for(COUNT - 10 + 1)


def test_column_that_a_later_release_added_is_left_alone(path, left_behind):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE spooled_events ADD COLUMN later TEXT")
    spooled = Spooled(path)
    spooled.spool.open()
    assert spooled.commit.put(event(9000)) is Acceptance.ACCEPTED
    assert (spooled.set_aside(), spooled.spool.figures().waiting) == ([], COUNT - 9)


def test_database_of_something_else_is_refused_and_left_alone(path):
    upgrade(Database(f"sqlite:///{path}"))
    with pytest.raises(SettingsError, match=r"RESCIND_SPOOL names .* a database of something else"):
        Spooled(path).spool.open()
    assert {each.name for each in path.parent.iterdir()} <= {
        "spool.db",
        "spool.db-wal",
        "spool.db-shm",
        "spool.db.lock",
    }
    shutil.rmtree(path.parent)


def test_folder_that_may_not_be_written_is_told_and_tried_again(path):
    if os.geteuid() == 0:
        (path.parent / "spool.db.lock").mkdir()
    else:
        path.parent.chmod(0o500)
    spooled = Spooled(path)
    with pytest.raises(StoreUnavailable):
        spooled.spool.open()
    with pytest.raises(StoreUnavailable):
        spooled.commit.put(event(1))
    assert not path.exists()
    if os.geteuid() == 0:
        (path.parent / "spool.db.lock").rmdir()
    else:
        path.parent.chmod(0o700)
    assert spooled.commit.put(event(1)) is Acceptance.ACCEPTED
