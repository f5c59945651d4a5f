"""The spool: what is taken, how much of it, in which order it leaves, and what of it is kept."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import SettingsError, StoreUnavailable
from core.inbox import Acceptance, InboxStatus
from store.durability import doubts
from store.inbox import NewEvent
from store.spool import SpoolState
from tests.spooling import NOW, Spooled, event

SOON = NOW + timedelta(hours=1)
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "var" / "spool.db"


@pytest.fixture
def spooled(path) -> Spooled:
    spooled = Spooled(path)
    spooled.spool.open()
    return spooled


def ids(spooled: Spooled) -> dict[str, int]:
    return {row.event_id: row.id for row in spooled.spool.listing(limit=10_000)}


def test_event_comes_out_as_it_went_in(spooled):
    delivered = event(1, priority=0, raw=b"\x00\xff{}")
    assert spooled.commit.put(delivered) is Acceptance.ACCEPTED
    (due,) = spooled.spool.due(SOON, 10)
    assert (due.received_at, due.tries, due.refusals) == (delivered.received_at, 0, 0)
    assert (due.raw, due.signature, due.signature_timestamp) == (b"\x00\xff{}", "c2ln" * 22, "1772366400")
    (row,) = spooled.spool.listing()
    assert (row.id, row.event_id, row.event_type) == (due.id, "event-1", "message.sent")


def test_spool_survives_a_crash_of_its_machine_and_is_for_nobody_else(spooled, path):
    spooled.commit.put(event(1))
    assert doubts(spooled.spool.database) == []
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_second_delivery_is_a_duplicate_that_is_counted(spooled):
    assert spooled.commit.put_all([event(1), event(2), event(1)]) == [
        Acceptance.ACCEPTED,
        Acceptance.ACCEPTED,
        Acceptance.DUPLICATE,
    ]
    assert spooled.commit.put(event(1)) is Acceptance.DUPLICATE
    assert spooled.column("deliveries") == {"event-1": 3, "event-2": 1}


def test_other_content_under_a_known_id_is_a_row_of_its_own(spooled):
    other = event(1, digest="f" * 64, raw=b"other")
    assert [spooled.commit.put(event(1)), spooled.commit.put(other)] == [Acceptance.ACCEPTED] * 2
    assert [due.raw for due in spooled.spool.due(SOON, 10)] == [event(1).raw, b"other"]


@pytest.mark.parametrize(
    ("status", "first", "second"),
    [
        (InboxStatus.INVALID, Acceptance.QUARANTINED, Acceptance.DUPLICATE),
        (InboxStatus.STALE, Acceptance.HELD, Acceptance.HELD),
    ],
)
def test_dead_letters_are_kept_for_the_primary_to_judge(spooled, status, first, second):
    delivered = event(1, status=status, reason="why")
    assert [spooled.commit.put(delivered), spooled.commit.put(delivered)] == [first, second]
    assert spooled.waiting() == ["event-1"]


def test_inbound_texts_leave_first_then_the_oldest(spooled):
    numbers = [3, 1, 2, 5, 4]
    spooled.commit.put_all([event(number, priority=0 if number >= 4 else 1) for number in numbers])
    assert spooled.waiting() == ["event-4", "event-5", "event-1", "event-2", "event-3"]
    assert spooled.due(SOON, 2) == ["event-4", "event-5"]


def test_what_was_handed_over_parked_or_postponed_is_not_due(spooled):
    spooled.commit.put_all([event(number) for number in (1, 2, 3, 4)])
    named = ids(spooled)
    spooled.spool.handed({named["event-1"]: "accepted"}, NOW)
    spooled.spool.park({named["event-2"]: "not signed"})
    spooled.spool.postpone([named["event-3"]], LATER, "the primary answers 500")

    assert spooled.due(SOON) == ["event-4"]
    assert spooled.due(LATER) == ["event-4", "event-3"]
    rows = {row.event_id: (row.state, row.reason, row.tries) for row in spooled.spool.listing()}
    assert rows["event-2"] == (SpoolState.PARKED, "not signed", 0)
    assert rows["event-3"] == (SpoolState.WAITING, "the primary answers 500", 1)
    assert (rows["event-1"][0], spooled.column("verdict")["event-1"]) == (SpoolState.HANDED, "accepted")
    figures = spooled.spool.figures()
    assert (figures.waiting, figures.parked, figures.handed) == (2, 1, 1)
    assert figures.oldest_waiting_at == event(3).received_at


def test_hastened_events_are_due_now(spooled):
    spooled.commit.put(event(1))
    spooled.spool.postpone(ids(spooled).values(), LATER, "later")
    spooled.spool.hasten(NOW)
    assert spooled.due(NOW) == ["event-1"]


def test_parked_events_wait_again_when_asked(spooled):
    spooled.commit.put_all([event(number) for number in (1, 2)])
    for row_id in ids(spooled).values():
        spooled.spool.park({row_id: "refused"})
    assert spooled.spool.unpark([ids(spooled)["event-2"], 99]) == 1
    assert spooled.waiting() == ["event-2"]
    assert spooled.spool.unpark() == 1
    assert [due.tries for due in spooled.spool.due(NOW, 10)] == [0, 0]


def test_handed_events_wait_again_when_asked_for_since_a_moment(spooled):
    spooled.commit.put_all([event(number) for number in range(1200)])
    named = ids(spooled)
    spooled.spool.postpone([named["event-1"]], LATER, "the primary answers 500")
    spooled.spool.handed({named["event-0"]: "accepted"}, NOW)
    spooled.spool.handed({named[f"event-{number}"]: "accepted" for number in range(1, 1100)}, SOON)
    spooled.spool.handed({named["event-1100"]: "accepted"}, LATER)
    spooled.spool.park({named["event-1101"]: "refused"})

    assert spooled.spool.again(SOON, now=SOON) == 1099

    figures = spooled.spool.figures()
    assert (figures.waiting, figures.parked, figures.handed) == (1197, 1, 2)
    (first,) = (due for due in spooled.spool.due(NOW, 10_000) if due.id == named["event-1"])
    assert first.tries == 0
    assert spooled.spool.again(SOON, now=SOON) == 0


def test_verdict_stands_once_given(spooled):
    spooled.commit.put(event(1))
    row_id = ids(spooled)["event-1"]
    spooled.spool.handed({row_id: "accepted"}, NOW)
    spooled.spool.park({row_id: "late"})
    spooled.spool.postpone([row_id], LATER, "late")
    assert [row.state for row in spooled.spool.listing()] == [SpoolState.HANDED]


def test_pruning_forgets_handed_events_alone(spooled):
    spooled.commit.put_all([event(number) for number in range(1200)])
    named = ids(spooled)
    spooled.spool.handed({named[f"event-{number}"]: "accepted" for number in range(1100)}, NOW)
    spooled.spool.handed({named["event-1100"]: "accepted"}, LATER)
    spooled.spool.park({named["event-1101"]: "refused"})
    assert spooled.spool.prune(SOON) == 1100
    figures = spooled.spool.figures()
    assert (figures.waiting, figures.parked, figures.handed) == (98, 1, 1)


def test_damaged_row_is_parked_and_holds_up_nobody(spooled, path):
    spooled.commit.put_all([event(number) for number in range(5)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE spooled_events SET received_at = 'x' WHERE event_id = 'event-0'")
        connection.execute("UPDATE spooled_events SET signature = CAST(x'ff' AS TEXT) WHERE event_id = 'event-1'")
        connection.execute("UPDATE spooled_events SET event_type = CAST(x'ff' AS TEXT) WHERE event_id = 'event-2'")
        connection.execute("UPDATE spooled_events SET raw = 17 WHERE event_id = 'event-3'")
        connection.commit()
    assert spooled.waiting() == ["event-2", "event-4"]
    assert {row.event_id: row.state for row in spooled.spool.listing() if row.state == SpoolState.PARKED}.keys() == {
        "event-0",
        "event-1",
        "event-3",
    }


def test_full_spool_refuses_new_events_and_knows_the_old(path):
    spooled = Spooled(path, max_events=3)
    answers = spooled.commit.put_all([event(1), event(2)])
    with pytest.raises(StoreUnavailable, match="full"):
        spooled.commit.put_all([event(2), event(3), event(4)])
    with pytest.raises(StoreUnavailable, match="full"):
        spooled.commit.check()
    assert answers == [Acceptance.ACCEPTED] * 2
    assert spooled.commit.put(event(3)) is Acceptance.DUPLICATE
    assert spooled.waiting() == ["event-1", "event-2", "event-3"]
    assert spooled.spool.figures().fill == 1.0


def test_handed_events_make_room_and_waiting_ones_never_do(path):
    spooled = Spooled(path, max_events=10)
    spooled.commit.put_all([event(number) for number in range(10)])
    spooled.spool.park({ids(spooled)["event-9"]: "refused"})
    spooled.spool.handed({ids(spooled)[f"event-{number}"]: "accepted" for number in range(3)}, NOW)
    assert {spooled.commit.put(event(number)) for number in (10, 11, 12)} == {Acceptance.ACCEPTED}
    with pytest.raises(StoreUnavailable, match="full"):
        spooled.commit.put(event(13))
    assert len(spooled.waiting()) == 9


def test_question_after_room_counts_on_handed_events_and_forgets_none(path):
    spooled = Spooled(path, max_events=10)
    spooled.commit.put_all([event(number) for number in range(10)])
    with pytest.raises(StoreUnavailable, match="full"):
        spooled.commit.check()
    spooled.spool.handed({ids(spooled)["event-0"]: "accepted"}, NOW)
    spooled.commit.check()
    assert spooled.spool.figures().handed == 1
    assert spooled.commit.put(event(10)) is Acceptance.ACCEPTED


def test_bound_on_bytes_holds_on_disk(path):
    spooled = Spooled(path, max_bytes=8_000_000)
    large = [event(number, raw=bytes(200_000)) for number in range(60)]
    taken = sum(is_taken(spooled, each) for each in large)
    small = [event(1000 + number, raw=bytes(3500)) for number in range(60)]
    taken += sum(is_taken(spooled, each) for each in small)
    on_disk = sum(each.stat().st_size for each in path.parent.iterdir() if not each.name.endswith("-shm"))
    assert 15 <= taken < 100
    assert on_disk <= 8_000_000
    with pytest.raises(StoreUnavailable, match="full"):
        spooled.commit.check()
    assert len(spooled.waiting()) == taken

    spooled.spool.handed({row.id: "accepted" for row in spooled.spool.listing()}, NOW)
    assert is_taken(spooled, large[-1])
    spooled.commit.check()


def is_taken(spooled: Spooled, delivered: NewEvent) -> bool:
    try:
        return spooled.commit.put(delivered) is Acceptance.ACCEPTED
    except StoreUnavailable:
        return False


def test_bound_holds_over_processes(path):
    several = [Spooled(path, max_events=50) for _ in range(3)]

    with ThreadPoolExecutor(12) as pool:
        accepted = sum(pool.map(lambda number: is_taken(several[number % 3], event(number)), range(120)))
    assert accepted == several[0].spool.figures().waiting == 50


def test_log_warns_once_from_four_fifths_on(path, caplog):
    spooled = Spooled(path, max_events=10)
    for number in range(10):
        spooled.commit.put(event(number))
    told = [record.getMessage() for record in caplog.records if "full" in record.getMessage()]
    assert len(told) == 1
    assert "80 % full" in told[0]
    assert "RESCIND_SPOOL_MAX_EVENTS" in told[0]


def test_listing_begins_with_the_newest(spooled):
    spooled.commit.put_all([event(number) for number in range(5)])
    assert [row.event_id for row in spooled.spool.listing(limit=2)] == ["event-4", "event-3"]
    assert spooled.spool.listing(states=[SpoolState.PARKED]) == []


def test_spool_is_opened_by_its_first_event_too(path):
    assert Spooled(path).commit.put(event(1)) is Acceptance.ACCEPTED


@pytest.mark.parametrize("name", ["spool 100%.db", "spöol?#@.db"])
def test_path_of_any_characters_names_that_file(tmp_path, name):
    Spooled(tmp_path / name).commit.put(event(1))
    assert (tmp_path / name).is_file()


def test_folder_that_cannot_be_made_is_a_wrong_setting():
    with pytest.raises(SettingsError, match="RESCIND_SPOOL names"):
        Spooled(Path("/proc/none/spool.db"))


def test_same_event_twice_among_others_counts_once(spooled):
    twin = replace(event(1))
    assert spooled.commit.put_all([event(1), twin]) == [Acceptance.ACCEPTED, Acceptance.DUPLICATE]
    assert spooled.column("deliveries") == {"event-1": 2}
