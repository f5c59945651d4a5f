"""``rescind handover``: what it shows, what it hands over, and how it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests import telnyx_signing as telnyx
from tests.fake_primary import accepted
from tests.handing import SECRET
from tests.spooling import PAGE, at_rest, flip
from tests.waiting import NOW, spool_in, spooled

TEXT = "nobody's business"


@pytest.fixture
def settings(spool, primary) -> dict[str, str]:
    return {
        "RESCIND_SPOOL": str(spool.path),
        "RESCIND_HANDOVER_URL": primary.url,
        "RESCIND_HANDOVER_SECRET": SECRET,
    }


@pytest.fixture
def waiting(spool) -> list[int]:
    return spooled(spool, *(telnyx.event(text=TEXT) for _ in range(3)))


def data_of(ran) -> dict[str, object]:
    return json.loads(ran.out)["data"]


def test_what_waits_is_shown_and_stays(run, spool, settings, waiting, primary):
    spool.park({waiting[0]: "refused"})
    spool.handed({waiting[1]: "accepted"}, NOW)

    data = data_of(run("handover", "--json", **settings))

    assert (data["waiting"], data["parked"], data["handed"]) == (1, 1, 1)
    assert (data["goes_to"], data["spool"]) == (primary.url, str(spool.path))
    assert data["oldest_waiting_at"] == NOW.isoformat()
    shown = run("handover", **settings)
    assert shown.status == 0
    assert primary.url in shown.out
    assert "RESCIND_HANDOVER_URL is not set" in run("handover", RESCIND_SPOOL=str(spool.path)).out
    assert primary.headers == []


def test_all_is_handed_over_now(run, spool, settings, waiting, primary):
    spool.postpone(waiting, NOW.replace(year=2999), "the primary was away")

    ran = run("handover", "--now", **settings)

    assert ran.status == 0
    assert "handed over 3 events in " in ran.out
    assert "0 still wait, 0 are parked" in ran.out
    assert TEXT not in ran.out + ran.err
    assert sorted(row_id for batch in primary.ids for row_id in batch) == waiting
    assert data_of(run("handover", "--now", "--json", **settings))["left"] == {"waiting": 0, "parked": 0}


def test_what_is_left_is_told_and_a_failure(run, spool, settings, waiting, primary):
    first, second, third = waiting

    def taking_one_and_refusing_another(_):
        primary.rule = primary.question = lambda _: (503, b"{}")
        verdicts = {first: "accepted", second: "refused"}
        return 200, json.dumps({"data": [{"id": each, "verdict": said} for each, said in verdicts.items()]}).encode()

    primary.rule = taking_one_and_refusing_another
    ran = run("handover", "--now", "--json", **settings)

    assert ran.status == 1
    told = data_of(ran)
    assert (told["taken"], told["refused"], told["left"]) == (1, "refused", {"waiting": 2, "parked": 0})
    assert {row.id: row.state for row in spool.listing()} == {first: "handed", second: "waiting", third: "waiting"}


def test_parked_events_are_listed_and_put_back(run, spool, settings, waiting):
    first, second, third = waiting
    for each in (first, second):
        spool.park({each: "not signed by Telnyx\x1b[31m"})

    listed = data_of(run("handover", "--parked", "--json", **settings))
    shown = run("handover", "--parked", **settings)

    assert [(each["id"], each["reason"]) for each in listed] == [
        (second, "not signed by Telnyx\x1b[31m"),
        (first, "not signed by Telnyx\x1b[31m"),
    ]
    assert "\x1b" not in shown.out
    assert run("handover", "--retry", str(first), **settings).status == 0
    assert {row.id: row.state for row in spool.listing()} == {first: "waiting", second: "parked", third: "waiting"}
    assert run("handover", "--retry-parked", "--now", **settings).status == 0
    assert {row.state for row in spool.listing()} == {"handed"}


def test_event_that_is_not_parked_cannot_be_put_back(run, spool, settings, waiting):
    ran = run("handover", "--retry", str(waiting[0]), **settings)

    assert ran.status == 2
    assert ran.err == "rescind: only 0 of these 1 were parked, and wait again; see `rescind handover --parked`\n"


def test_what_waits_again_is_told_to_programs(run, spool, settings, waiting):
    spool.park(dict.fromkeys(waiting[:2], "refused"))
    spool.handed({waiting[2]: "accepted"}, datetime.now(UTC))

    assert data_of(run("handover", "--retry", str(waiting[0]), "--json", **settings)) == {"unparked": 1}
    assert data_of(run("handover", "--retry-parked", "--json", **settings)) == {"unparked": 1}
    assert data_of(run("handover", "--again", "--since", "1d", "--json", **settings)) == {"again": 1}
    assert data_of(run("handover", "--retry-parked", "--now", "--json", **settings))["taken"] == 3


@pytest.mark.parametrize(("row_id", "told"), [(2**63, "is not in the range"), (2**63 - 1, "only 0 of these 1")])
def test_number_that_no_row_can_have_is_one_line(run, settings, row_id, told):
    ran = run("handover", "--retry", str(row_id), **settings)

    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_handed_events_are_handed_over_again_to_a_primary_that_lost_them(run, spool, settings, waiting, primary):
    first, second, third = waiting
    now = datetime.now(UTC)
    spool.handed({first: "accepted"}, now - timedelta(days=4))
    spool.handed({second: "accepted", third: "duplicate"}, now - timedelta(days=2))

    ran = run("handover", "--again", "--since", "3d", **settings)

    assert (ran.status, ran.out, ran.err) == (0, "", "2 events that were handed over wait again\n")
    assert {row.id: row.state for row in spool.listing()} == {first: "handed", second: "waiting", third: "waiting"}
    assert run("handover", "--again", "--since", "3d", "--now", **settings).status == 0
    assert primary.ids == [[second, third]]


@pytest.mark.parametrize("options", [["--again"], ["--since", "3d"]])
def test_handing_over_again_needs_to_know_since_when(run, spool, settings, waiting, options):
    spool.handed({waiting[0]: "accepted"}, datetime.now(UTC))

    ran = run("handover", *options, **settings)

    assert ran.status == 2
    assert "--again and --since go together" in ran.err
    assert spool.figures().handed == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"RESCIND_HANDOVER_URL": ""}, "RESCIND_HANDOVER_URL is not set", id="no URL"),
        pytest.param({"RESCIND_HANDOVER_SECRET": ""}, "RESCIND_HANDOVER_SECRET is not set", id="no secret"),
        pytest.param({"RESCIND_SPOOL": "elsewhere.db"}, "there is no spool at elsewhere.db", id="no spool"),
        pytest.param(
            {"RESCIND_HANDOVER_URL": "http://127.0.0.1:9/internal/handover"}, "cannot be reached", id="nobody there"
        ),
    ],
)
def test_what_keeps_it_from_handing_over_is_one_line(run, spool, settings, waiting, change, told):
    ran = run("handover", "--now", **(settings | change))

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("rescind: ")
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert spool.figures().waiting == 3


@pytest.mark.parametrize(("status", "told"), [(401, "RESCIND_HANDOVER_SECRET"), (404, "RESCIND_HANDOVER_URL")])
def test_primary_that_refuses_is_one_line(run, spool, settings, waiting, primary, status, told):
    primary.rule = primary.question = lambda _: (status, b"{}")

    ran = run("handover", "--now", **settings)

    assert ran.status == 2
    assert told in ran.err
    assert SECRET not in ran.err
    assert ran.err.count("\n") == 1
    primary.rule = primary.question = accepted
    assert run("handover", "--now", **settings).status == 0


def test_another_programs_database_is_no_spool(run, settings, sqlite_url):
    ran = run("handover", **(settings | {"RESCIND_SPOOL": sqlite_url.removeprefix("sqlite:///")}))

    assert ran.status == 2
    assert "RESCIND_SPOOL" in ran.err


def test_settings_file_named_as_the_spool_is_left_alone(run, settings, tmp_path):
    (tmp_path / "policy.toml").write_text("[policy]\n")

    ran = run("handover", **(settings | {"RESCIND_SPOOL": "policy.toml"}))

    assert (ran.status, ran.err) == (
        2,
        "rescind: RESCIND_SPOOL names policy.toml, which is no spool; name a file of its own\n",
    )
    assert (tmp_path / "policy.toml").read_text() == "[policy]\n"
    assert list(tmp_path.glob("policy.toml?*")) == []


def test_directory_named_as_the_spool_is_told_as_one(run, settings, tmp_path):
    ran = run("handover", **(settings | {"RESCIND_SPOOL": str(tmp_path)}))

    assert (ran.status, ran.err) == (
        2,
        f"rescind: RESCIND_SPOOL names {tmp_path}, which is a directory; name a file of its own\n",
    )


@pytest.mark.parametrize("options", [[], ["--parked"], ["--json"]])
def test_looking_leaves_a_damaged_spool_where_it_is(run, spool, settings, waiting, options):
    spool.dispose()
    at_rest(spool.path)
    flip(spool.path, 0)
    damaged = spool.path.read_bytes()

    ran = run("handover", *options, **settings)

    assert (ran.status, ran.out) == (2, "")
    assert f"the spool {spool.path} is damaged" in ran.err
    assert "the failover process sets it aside" in ran.err
    assert ran.err.count("\n") == 1
    assert spool.path.read_bytes() == damaged
    assert list(spool.path.parent.glob("*Z*")) == []


def test_looking_keeps_the_log_of_a_spool_that_is_empty_otherwise(run, tmp_path):
    path, log = tmp_path / "spool.db", tmp_path / "spool.db-wal"
    path.touch()
    log.write_bytes(b"events" * 1000)

    ran = run("handover", RESCIND_SPOOL=str(path))

    assert (ran.status, ran.out) == (2, "")
    assert "is empty" in ran.err
    assert (path.read_bytes(), log.read_bytes()) == (b"", b"events" * 1000)


def test_events_of_a_damaged_spool_are_saved_before_it_is_handed_over(run, spool, settings, primary):
    count = len(spooled(spool, *(telnyx.event(text=TEXT) for _ in range(300))))
    spool.dispose()
    at_rest(spool.path)
    flip(spool.path, PAGE, 100)

    ran = run("handover", "--now", "--json", **settings)

    assert ran.status == 0
    told = data_of(ran)
    assert (told["taken"], told["left"], told["is_salvaged"]) == (count, {"waiting": 0, "parked": 0}, True)
    assert sum(len(batch) for batch in primary.ids) == count
    assert len(list(spool.path.parent.glob("spool.db.corrupt-*Z"))) == 1


def test_file_that_was_set_aside_and_not_read_in_is_told_and_left_to_others(run, spool, settings, waiting, primary):
    spool.dispose()
    at_rest(spool.path)
    spool.path.rename(f"{spool.path}.corrupt-20260301T120000Z")
    with spool_in(spool.path.parent / "new") as new:
        new.dispose()
        at_rest(new.path)
        new.path.rename(spool.path)

    data = data_of(run("handover", "--json", **settings))
    shown = run("handover", **settings)

    assert (data["waiting"], data["unsalvaged_files"]) == (0, 1)
    assert "1 files that were set aside" in shown.out
    assert run("handover", "--now", **settings).status == 0
    assert sum(len(batch) for batch in primary.ids) == 3
    assert data_of(run("handover", "--json", **settings))["unsalvaged_files"] == 0
    assert "set aside" not in run("handover", **settings).out
