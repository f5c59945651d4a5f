"""The door's book-keeping: in time, or not at all; or later."""

from __future__ import annotations

import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from core.errors import StoreUnavailable
from tests.processes import wait_for
from webhook_app import log
from webhook_app.door_book import Book, _Ticket


class Fake:
    """A database whose transactions are only counted."""

    def __init__(self, *, is_sqlite=True):
        self.is_sqlite = is_sqlite
        self.begun = 0
        self.committed = []
        self.trouble = None
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def begin(self):
        self.begun += 1
        self.gate.wait(60)
        if self.trouble:
            raise self.trouble
        work = []
        yield work
        self.committed += work


def book_of(database, *, seconds=60, stream=None):
    return Book(database, ring=lambda: None, log=log.logger(stream), deadline=timedelta(seconds=seconds))


def writes(book, work) -> bool:
    try:
        book.write(work)
    except StoreUnavailable:
        return False
    return True


def test_result_is_that_of_the_committed_work():
    database = Fake()
    assert book_of(database).write(lambda connection: connection.append(1) or "done") == "done"
    assert database.committed == [1]


def test_error_of_the_work_is_raised_to_whoever_asked_for_it():
    with pytest.raises(ZeroDivisionError):
        book_of(Fake()).write(lambda _: 1 / 0)


def test_work_that_nobody_waits_for_any_more_is_not_committed():
    database = Fake()
    database.gate.clear()
    book = book_of(database, seconds=0.3)
    with pytest.raises(StoreUnavailable):
        book.write(lambda connection: connection.append("late"))
    database.gate.set()
    assert wait_for(lambda: writes(book, lambda connection: connection.append("next")))
    assert database.committed == ["next"]


def test_work_that_waits_behind_what_hangs_is_never_begun():
    database = Fake()
    database.gate.clear()
    book = book_of(database, seconds=0.3)
    begun = []
    for number in range(6):
        with pytest.raises(StoreUnavailable):
            book.write(lambda _, number=number: begun.append(number))
    database.gate.set()
    assert wait_for(lambda: writes(book, lambda _: begun.append("next")))
    assert not {4, 5} & set(begun)


@pytest.mark.parametrize(("is_sqlite", "most"), [(True, 6), (False, 20)])
def test_what_waits_together_is_committed_together_where_there_is_one_writer(is_sqlite, most):
    database = Fake(is_sqlite=is_sqlite)
    database.gate.clear()
    book = book_of(database)
    with ThreadPoolExecutor(20) as pool:
        results = [pool.submit(book.write, lambda rows, number=number: rows.append(number)) for number in range(20)]
        assert wait_for(lambda: database.begun == 4 and book._waiting.qsize() == 16)
        database.gate.set()
        assert [each.result() for each in results] == [None] * 20
    assert sorted(database.committed) == list(range(20))
    assert 4 <= database.begun <= most


def test_trouble_of_one_is_no_trouble_of_those_it_was_to_be_committed_with():
    database = Fake()
    database.gate.clear()
    book = book_of(database)

    def work(rows, number):
        return rows.append(number) if number % 3 else 1 / 0

    with ThreadPoolExecutor(12) as pool:
        results = [pool.submit(book.write, partial(work, number=number)) for number in range(12)]
        assert wait_for(lambda: database.begun == 4 and book._waiting.qsize() == 8)
        database.gate.set()
        assert [bool(each.exception()) for each in results] == [number % 3 == 0 for number in range(12)]
    assert sorted(database.committed) == [number for number in range(12) if number % 3]


def test_who_waits_behind_others_that_are_written_waits_longer():
    database = Fake()
    book = book_of(database, seconds=2)
    slow = threading.Event()

    def write_on():
        while not slow.wait(0.2):
            book.write(lambda rows: rows.append("other"))

    with ThreadPoolExecutor(2) as pool:
        others = pool.submit(write_on)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            book._outcome(_Ticket(lambda _: None, None))
        took = time.monotonic() - began
        slow.set()
        others.result()
    # Nobody works on it: it ends at the last deadline all the same.
    assert 4 <= took < 20


def test_what_could_not_be_written_is_written_later():
    database = Fake()
    database.trouble = StoreUnavailable("away")
    book = book_of(database)
    for number in range(3):
        book.write_later(lambda connection, number=number: bool(connection.append(number)), "a test")
    database.trouble = None
    assert wait_for(lambda: sorted(database.committed) == [0, 1, 2])


def test_what_could_not_be_written_is_kept_through_a_long_outage():
    database = Fake()
    database.trouble = StoreUnavailable("away")
    book = book_of(database)
    book.write_later(lambda connection: bool(connection.append(1)), "a test")
    ((until, _, _),) = book._later
    assert until - time.monotonic() > timedelta(minutes=50).total_seconds()
    database.trouble = None
    assert wait_for(lambda: database.committed == [1])


def test_one_answer_each_second_of_a_long_outage_is_kept_and_what_is_too_much_is_told_of():
    database = Fake()
    database.trouble = StoreUnavailable("away")
    lines = io.StringIO()
    book = book_of(database, stream=lines)
    for _ in range(3600):
        book.write_later(lambda connection: bool(connection.append(1)), "a test")
    assert lines.getvalue() == ""
    for _ in range(401):
        book.write_later(lambda connection: bool(connection.append(1)), "a test")
    assert json.loads(lines.getvalue())["reason"] == "too much waits to be written"
    database.trouble = None
    assert wait_for(lambda: len(database.committed) == 4000)


def test_what_is_held_up_alone_holds_up_nothing_else():
    database = Fake()
    book = book_of(database)

    def is_locked(_):
        raise StoreUnavailable("somebody holds the row")

    book.write_later(is_locked, "a test")
    for number in range(3):
        book.write_later(lambda connection, number=number: bool(connection.append(number)), "a test")
    assert wait_for(lambda: sorted(database.committed) == [0, 1, 2], 10)
    assert wait_for(lambda: [work for _, work, _ in book._later] == [is_locked])


def test_work_that_can_never_be_written_is_told_of_and_holds_up_nothing():
    database = Fake()
    with capture_logs():
        book = book_of(database)
        book.write_later(lambda _: 1 / 0, "a bug")
        book.write_later(lambda connection: connection.append(1), "a test")
        assert wait_for(lambda: database.committed == [1])
