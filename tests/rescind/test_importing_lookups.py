"""Asking Telnyx, with a client that a test scripts."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from core.cancelling import Answer, Meaning, Trouble
from rescind.importing_files import Entry
from rescind.importing_lookups import Found, Lookups
from schemas.imports import ImportLine, Said
from tests.reports import NOW, message_id
from tests.scripted_telnyx import message
from workers.pacing import Pacer

FAST = 100_000


class Script:
    """A client that answers as told; ``asked`` says of what, in order."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def retrieve(self, message_id: str, timeout: timedelta) -> Answer:
        self.asked.append(message_id)
        return self.answer(message_id, self.asked.count(message_id))


def scheduled(of: str) -> Answer:
    return Answer(200, "", message(of, "scheduled"))


def entries(count: int):
    return iter([Entry(at, b"", ImportLine(message_id(at), Said(), None)) for at in range(1, count + 1)])


def looked_up(script: Script, count: int, **more) -> tuple[list[Found], list[str]]:
    said: list[str] = []
    lookups = Lookups(script, Pacer(FAST, None), tell=said.append, now=lambda: NOW, random=Random(7), **more)
    try:
        return [found for found in lookups.ask(entries(count)) if found is not None], said
    finally:
        lookups.close()


def test_every_message_is_asked_about_once_and_told_of():
    script = Script(lambda of, nth: scheduled(of))

    found, said = looked_up(script, 300)

    assert sorted(script.asked) == sorted(each.message_id for each in found) == [message_id(n) for n in range(1, 301)]
    assert ({each.meaning for each in found}, said) == ({Meaning.SCHEDULED}, [])


def test_nothing_to_ask_is_asked_nothing():
    script = Script(lambda of, nth: scheduled(of))

    assert (looked_up(script, 0), script.asked) == (([], []), [])


def test_what_breaks_in_a_thread_is_raised_and_not_waited_for():
    def broken(of: str, nth: int) -> Answer:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        looked_up(Script(broken), 20)


def test_last_message_that_is_never_answered_is_given_up_once_others_were():
    script = Script(lambda of, nth: Answer(trouble=Trouble.TIMEOUT) if of == message_id(3) else scheduled(of))

    found, _ = looked_up(script, 3, slots=1)

    (given_up,) = (each for each in found if each.meaning is Meaning.UNAVAILABLE)
    assert (given_up.message_id, given_up.tries) == (message_id(3), script.asked.count(message_id(3)))
    assert given_up.tries >= 5
