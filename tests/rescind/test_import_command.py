"""``rescind import`` against a Telnyx that knows some of the messages."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.campaigns import CampaignStatus
from ledger import campaigning
from ledger.campaigning import CampaignChange
from store import messages, tables
from tests import reports
from tests.books import opted_out
from tests.ledger.test_intending import WISH, kept
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, message_id
from tests.scripted_telnyx import NOT_FOUND, Reply, ScriptedTelnyx, message

SEND_AT = "2090-01-01T00:00:00Z"
LAST_YEAR = "2089-12-31T00:00:00Z"

SHORT = [{"phone_number": "555", "status": "scheduled"}]


class World:
    """What Telnyx holds, by id; anything else it does not know."""

    def __init__(self) -> None:
        self.held: dict[str, Reply] = {}
        self.server = ScriptedTelnyx(lambda request, _: self.held.get(request.message_id, NOT_FOUND))

    def hold(self, number: int, status: str = "scheduled", **more) -> str:
        told = {**message(message_id(number), status), "from": {"phone_number": reports.OURS}, **more}
        self.held[message_id(number)] = Reply(200, {"data": told})
        return message_id(number)


@pytest.fixture
def telnyx():
    world = World()
    yield world
    world.server.stop()


@pytest.fixture
def settings(asking, telnyx):
    return asking(telnyx.server.url)


@pytest.fixture
def file(tmp_path):
    def write(*lines: str, name: str = "ids.csv"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)

    return write


def held(database) -> dict[str, messages.MessageRow]:
    with database.read() as connection:
        return {row.id: row for row in messages.listing(connection, limit=100)}


def summary(ran) -> dict:
    data = json.loads(ran.out)["data"]
    fates = ("registered", "known", "repeated", "not_scheduled", "unknown", "refused", "unreadable")
    assert sum(data[fate] for fate in fates) == data["lines"]
    return {name: data[name] for name in fates if data[name]}


def test_each_line_is_looked_up_and_registered_or_told_of(run, settings, telnyx, file, sqlite_database):
    one, two = telnyx.hold(1, send_at=SEND_AT), telnyx.hold(2, send_at=SEND_AT)
    telnyx.hold(3, "delivered", send_at=SEND_AT)
    telnyx.hold(4, "cancelled", send_at=SEND_AT)
    lines = ["id,campaign,class,tags", f'{one.upper()},sale,transactional,"a,b"', two, one]
    lines += [message_id(3), message_id(4), message_id(5), "nonsense", f'{one},sale,transactional,"a,b"']

    ran = run("import", file(*lines), "--campaign", "news", "--json", **settings)

    assert ran.status == 1
    assert summary(ran) == {
        "registered": 2,
        "repeated": 2,
        "not_scheduled": 2,
        "unknown": 1,
        "unreadable": 1,
    }
    assert ran.err.splitlines()[0].startswith("line 8: id: nonsense is not a message's id")
    assert ran.err.splitlines()[1].startswith(f"line 7: Telnyx does not know {message_id(5)}")
    rows = held(sqlite_database)
    assert {row.door for row in rows.values()} == {"import", None}
    assert (rows[two].campaign_key, rows[two].message_class, rows[two].ledger) == ("news", "marketing", "pending")
    assert (rows[one].message_class, rows[one].tags) == ("transactional", ["a", "b"])
    assert [(rows[message_id(n)].ledger, rows[message_id(n)].orphaned_at) for n in (3, 4)] == [(None, None)] * 2
    assert message_id(5) not in rows


def test_what_is_known_is_not_asked_for_unless_the_line_says_something_new(
    run, settings, telnyx, file, sqlite_database
):
    one, two = telnyx.hold(1, send_at=SEND_AT), telnyx.hold(2, send_at=SEND_AT)
    run("import", file("id,campaign", f"{one},sale", two), **settings)
    before = len(telnyx.server.requests)

    again = run("import", file("id,campaign", f"{one},sale", two), "--json", **settings)
    assert (again.status, summary(again), len(telnyx.server.requests)) == (0, {"known": 2}, before)

    changed = run("import", file("id,campaign", f"{one},news", two), "--json", **settings)
    assert (summary(changed), telnyx.server.asked()[before:]) == ({"known": 2}, [one])
    assert held(sqlite_database)[one].campaign_key == "news"


@pytest.mark.parametrize(("status", "ledger"), [("cancelled", "cancelled"), ("delivered", "released")])
def test_registered_message_that_has_ended_meanwhile_is_closed(
    run, settings, telnyx, file, sqlite_database, status, ledger
):
    one = telnyx.hold(1, send_at=SEND_AT)
    run("import", file("id", one), **settings)
    telnyx.hold(1, status, send_at=SEND_AT)

    dry = run("import", file("id,campaign", f"{one},news"), "--dry-run", "--json", **settings)
    assert (summary(dry), held(sqlite_database)[one].ledger) == ({"not_scheduled": 1}, "pending")
    ran = run("import", file("id,campaign", f"{one},news"), "--json", **settings)
    assert (summary(ran), held(sqlite_database)[one].ledger) == ({"not_scheduled": 1}, ledger)


def test_message_of_a_lost_answer_is_known_again(run, settings, telnyx, file, sqlite_database):
    intent_id = lost(sqlite_database)
    told = {"text": "Spring sale", "received_at": reports.NOW.isoformat(), "send_at": WISH.send_at.isoformat()}
    one = telnyx.hold(1, **told)

    dry = run("import", file("id", one), "--dry-run", "--json", **settings)
    assert (summary(dry), kept(sqlite_database, intent_id).state) == ({"registered": 1}, "unknown")
    ran = run("import", file("id", one), "--json", **settings)
    assert (summary(ran), kept(sqlite_database, intent_id).message_id) == ({"registered": 1}, one)
    assert held(sqlite_database)[one].campaign_key == "spring"


def test_what_must_not_be_sent_is_cancelled_at_once_and_told_with_its_reason(
    run, settings, telnyx, file, sqlite_database
):
    opted_out(sqlite_database)
    with sqlite_database.begin() as connection:
        campaigning.change(
            connection, "sale", CampaignChange(status=CampaignStatus.ENDED), cause="test", now=reports.NOW
        )
    to_alice = telnyx.hold(1, send_at=SEND_AT)
    of_sale = telnyx.hold(2, send_at=SEND_AT, to=[{"phone_number": reports.BOB, "status": "scheduled"}])

    ran = run("import", file("id,campaign", to_alice, f"{of_sale},sale"), **settings)

    assert ran.status == 0
    assert "because of opt_out" in ran.out
    assert "because of stale_campaign" in ran.out
    assert f"{ALICE} opted out" in ran.out
    with sqlite_database.read() as connection:
        ordered = connection.scalars(sa.select(tables.cancellations.c.message_id)).all()
    assert set(ordered) == {to_alice, of_sale}


def test_dry_run_says_what_would_happen_and_writes_nothing(run, settings, telnyx, file, sqlite_database):
    lines = ["id", telnyx.hold(1, send_at=SEND_AT), telnyx.hold(2, "sent", send_at=SEND_AT)]

    ran = run("import", file(*lines), "--dry-run", **settings)

    assert "would be registered" in ran.out
    assert "would be recorded, not registered: 1 sent" in ran.out
    assert held(sqlite_database) == {}
    told = run("import", file(*lines), "--dry-run", "--json", **settings)
    assert (json.loads(told.out)["data"]["dry_run"], summary(told)) == (True, {"registered": 1, "not_scheduled": 1})


def test_send_at_of_the_line_serves_where_telnyx_tells_none(run, settings, telnyx, file, sqlite_database):
    lacking, told, neither = telnyx.hold(1), telnyx.hold(2, send_at=SEND_AT), telnyx.hold(3)
    lines = ["id,send_at", f"{lacking},{LAST_YEAR}", f"{told},{LAST_YEAR}", neither]

    ran = run("import", file(*lines), "--json", **settings)

    assert (ran.status, summary(ran)) == (1, {"registered": 2, "refused": 1})
    assert ran.err == f"line 4: {neither}: Telnyx's answer has no send_at; give it in the line, as send_at\n"
    rows = held(sqlite_database)
    assert (rows[lacking].send_at.year, rows[told].send_at.year) == (2089, 2090)
    assert neither not in rows


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403, {"code": "10010", "title": "Authorization failed"}), "Telnyx answers 403"),
        (Reply(200, {"data": message(message_id(7), "scheduled")}), "does not say how the message stands"),
        (Reply(200, {"data": {**message(message_id(), "delivered"), "direction": "inbound"}}), "inbound"),
        (Reply(200, {"data": {**message(message_id()), "to": []}}), "to: is empty"),
        (Reply(200, {"data": {**message(message_id()), "to": SHORT, "send_at": SEND_AT}}), "country code"),
    ],
)
def test_answer_that_nothing_can_be_made_of_fails_its_line_alone(
    run, settings, telnyx, file, sqlite_database, reply, words
):
    telnyx.held[message_id()] = reply
    good = telnyx.hold(2, send_at=SEND_AT)

    ran = run("import", file("id", message_id(), good), "--json", **settings)

    assert (ran.status, summary(ran)) == (1, {"registered": 1, "refused": 1})
    (line,) = ran.err.splitlines()
    assert line.startswith("line 2: ")
    assert words in line
    assert held(sqlite_database).keys() == {good}


def test_failed_lines_can_be_mended_and_imported(run, settings, telnyx, file, tmp_path):
    good, late = telnyx.hold(1, send_at=SEND_AT), message_id(2)
    failed = tmp_path / "failed.csv"
    path = file("id,campaign,text", f'{good},sale,"two\nlines"', f'{late},sale,"two\nlines"', "nonsense,,")

    assert run("import", path, "--errors", str(failed), **settings).status == 1
    assert failed.read_text() == f'id,campaign,text\nnonsense,,\n{late},sale,"two\nlines"\n'

    telnyx.hold(2, send_at=SEND_AT)
    failed.write_text(failed.read_text().replace("nonsense", good))
    ran = run("import", str(failed), "--errors", str(tmp_path / "none.csv"), "--json", **settings)
    assert (ran.status, summary(ran)) == (0, {"registered": 1, "known": 1})
    assert (tmp_path / "none.csv").read_text() == ""


def test_standard_input_is_read_for_a_dash(run, settings, telnyx, monkeypatch):
    one = telnyx.hold(1, send_at=SEND_AT)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f'{{"id": "{one}"}}\n'.encode())))

    assert summary(run("import", "-", "--json", **settings)) == {"registered": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "'nowhere.csv' does not exist"),
        (["{path}", "--format", "xml"], "'xml' is not one of 'csv', 'jsonl'"),
        (["{path}", "--class", "spam"], "'spam' is not one of"),
        (["{path}", "--campaign", " "], "--campaign: begins or ends with a blank"),
        (["{path}", "--format", "jsonl", "--errors", "{path}"], "--errors names {path}, the file that is imported"),
        (["{path}", "--format", "jsonl", "--errors", "/nowhere/failed.csv"], "cannot be written"),
        (["{path}"], "{path}: no column is called 'id' in the header (message)"),
    ],
)
def test_wrong_use_is_one_line_and_asks_nothing(run, settings, telnyx, file, arguments, words):
    path = file("message", message_id())
    ran = run("import", *(each.format(path=path) for each in arguments), **settings)

    assert ran.status == 2
    assert words.format(path=path) in ran.err.splitlines()[-1]
    assert telnyx.server.requests == []
    assert Path(path).read_text() == f"message\n{message_id()}\n"


def test_without_a_key_or_tables_nothing_is_asked(run, settings, telnyx, file, tmp_path):
    path = file("id", message_id())
    unset = run("import", path, **{name: value for name, value in settings.items() if name != "TELNYX_API_KEY"})
    empty = run("import", path, **settings | {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})

    assert (unset.status, "TELNYX_API_KEY" in unset.err) == (2, True)
    assert (empty.status, "rescind migrate" in empty.err) == (2, True)
    assert telnyx.server.requests == []


def test_import_into_postgresql_is_the_same(run, settings, telnyx, file, postgresql_database_url, postgresql_database):
    settings |= {"DATABASE_URL": postgresql_database_url}
    lines = ["id", telnyx.hold(1, send_at=SEND_AT), telnyx.hold(2, "sent", send_at=SEND_AT)]

    assert summary(run("import", file(*lines), "--dry-run", "--json", **settings)) == {
        "registered": 1,
        "not_scheduled": 1,
    }
    assert held(postgresql_database) == {}
    assert summary(run("import", file(*lines), "--json", **settings)) == {"registered": 1, "not_scheduled": 1}
    assert summary(run("import", file(*lines), "--json", **settings)) == {"known": 1, "not_scheduled": 1}
    assert held(postgresql_database)[message_id(1)].ledger == "pending"
