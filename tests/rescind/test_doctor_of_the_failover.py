"""What the doctor says of a failover process: its way to the primary, and its spool."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests import telnyx_signing as telnyx
from tests.handing import SECRET
from tests.spooling import at_rest, flip
from tests.waiting import NOW, spooled


@pytest.fixture
def examine(run, primary, spool, sqlite_url):
    """Runs the doctor with a failover's settings; what it found of it as {subject: [(state, told), …]}."""

    def examine_(*options: str, **changed: str) -> dict[str, list[tuple[str, str]]]:
        settings = {
            "DATABASE_URL": sqlite_url,
            "RESCIND_SPOOL": str(spool.path),
            "RESCIND_HANDOVER_URL": primary.url,
            "RESCIND_HANDOVER_SECRET": SECRET,
        }
        ran = run("doctor", "--json", *options, **(settings | changed))
        found: dict[str, list[tuple[str, str]]] = {}
        for each in json.loads(ran.out)["data"]:
            assert bool(each["remedy"]) != (each["state"] == "ok")
            found.setdefault(each["subject"], []).append((each["state"], each["told"]))
        assert SECRET not in ran.out
        return found

    return examine_


def test_all_is_well_where_events_can_come_and_go(examine, spool, primary):
    spooled(spool, telnyx.event(), received_at=datetime.now(UTC))

    found = examine()

    assert found["hand-over"] == [("ok", f"{primary.url} takes events over")]
    assert found["spool"] == [("ok", "1 events wait, 0% full")]
    assert primary.batches == []
    assert spool.figures().waiting == 1


def test_without_a_failovers_settings_nothing_is_said_of_it(examine):
    found = examine(RESCIND_HANDOVER_URL="")

    assert not {"hand-over", "spool"} & found.keys()


@pytest.mark.parametrize(("url", "state"), [(None, "ok"), ("", "warn")])
def test_host_of_the_failover_alone_needs_neither_database_nor_telnyx(examine, primary, url, state):
    found = examine(
        "--failover", RESCIND_HANDOVER_URL=primary.url if url is None else url, DATABASE_URL="sqlite:///no/no.db"
    )

    assert found.keys() == {"public key", "hand-over", "spool"}
    assert [each for each, _ in found["hand-over"]] == [state]
    assert [each for each, _ in found["spool"]] == ["ok"]


@pytest.mark.parametrize(("status", "told"), [(401, "RESCIND_HANDOVER_SECRET"), (404, "takes over"), (503, "503")])
def test_primary_that_does_not_take_over_is_a_failure(examine, primary, status, told):
    primary.question = lambda _: (status, b"{}")

    ((state, said),) = examine()["hand-over"]

    assert state == "fail"
    assert told in said


def test_missing_secret_is_a_failure(examine, primary):
    ((state, told),) = examine(RESCIND_HANDOVER_SECRET="")["hand-over"]

    assert state == "fail"
    assert "RESCIND_HANDOVER_SECRET is not set" in told
    assert primary.headers == []


def test_spool_that_is_not_there_yet_is_warned_of(examine, tmp_path):
    ((state, _),) = examine(RESCIND_SPOOL=str(tmp_path / "none.db"))["spool"]

    assert state == "warn"
    assert not (tmp_path / "none.db").exists()


def test_spool_that_fills_up_or_holds_events_back_is_told(examine, spool):
    events = [telnyx.event("message.finalized.delivered"), *(telnyx.event() for _ in range(8))]
    rows = spooled(spool, *events, received_at=NOW - timedelta(hours=1))
    spool.park({rows[0]: "refused"})

    found = examine(RESCIND_SPOOL_MAX_EVENTS="10")["spool"]

    assert [state for state, _ in found] == ["warn", "fail", "warn"]
    assert "90% full" in found[0][1]
    assert "has been waiting" in found[1][1]
    assert "1 events are parked" in found[2][1]


def test_parked_text_is_a_failure(examine, spool):
    texts = spooled(spool, telnyx.event(), telnyx.event())
    reports = spooled(spool, telnyx.event("message.finalized.delivered"))
    spool.park(dict.fromkeys([*texts, *reports], "refused"))

    found = examine()["spool"]

    assert [state for state, _ in found] == ["ok", "fail", "warn"]
    assert "2 inbound texts are parked" in found[1][1]
    assert "1 events are parked" in found[2][1]


def test_spool_that_is_full_is_a_failure(examine, spool):
    spooled(spool, telnyx.event(), received_at=NOW)

    ((state, told),) = examine(RESCIND_SPOOL_MAX_EVENTS="1")["spool"]

    assert (state, told) == ("fail", f"{spool.path}: the spool is full")


def test_spool_that_has_used_up_its_bytes_is_told_as_full(examine, spool):
    spooled(spool, *(telnyx.event(text="x" * 250_000) for _ in range(35)))

    ((state, told),) = examine(RESCIND_SPOOL_MAX_MB="8")["spool"]

    assert (state, told) == ("fail", f"{spool.path}: the spool is full")


def test_looking_makes_no_room_in_the_spool(examine, spool):
    rows = spooled(spool, *(telnyx.event() for _ in range(10)))
    spool.handed(dict.fromkeys(rows[:9], "accepted"), NOW)

    found = examine(RESCIND_SPOOL_MAX_EVENTS="10")["spool"]

    assert found[0] == ("ok", "1 events wait, 10% full")
    assert spool.figures().handed == 9


def test_damaged_spool_is_a_failure_and_stays_where_it_is(examine, spool):
    spooled(spool, telnyx.event())
    spool.dispose()
    at_rest(spool.path)
    flip(spool.path, 0)
    damaged = spool.path.read_bytes()

    ((state, told),) = examine()["spool"]

    assert state == "fail"
    assert f"the spool {spool.path} is damaged" in told
    assert spool.path.read_bytes() == damaged
    assert list(spool.path.parent.glob("*Z*")) == []


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        pytest.param("folder", "is a directory", id="a directory"),
        pytest.param("policy.toml", "is no spool", id="a file of something else"),
        pytest.param("policy.toml/spool.db", "Not a directory", id="below a file"),
        pytest.param("/dev/null", "is no regular file", id="a device"),
        pytest.param("/proc/nope/spool.db", "cannot be made", id="a folder that nobody can make"),
    ],
)
def test_path_that_can_never_be_a_spool_is_a_failure(examine, tmp_path, path, cause):
    (tmp_path / "folder").mkdir()
    (tmp_path / "policy.toml").write_text("[policy]\n")
    before = set(tmp_path.rglob("*"))

    ((state, told),) = examine("--failover", RESCIND_SPOOL=path)["spool"]

    assert state == "fail"
    assert "RESCIND_SPOOL" in told
    assert cause in told
    assert set(tmp_path.rglob("*")) == before
    assert (tmp_path / "policy.toml").read_text() == "[policy]\n"
