"""The example of a policy of one's own: built, installed beside Rescind, and at work in its processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulator
from core.outcomes import LedgerState
from store import decisions, messages
from tests.policies_guide import blocks, section, shows
from tests.processes import Running, environ, schedule, wait_for
from tests.reports import ALICE, message_id

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "own_policy"
GUIDED = section("A policy of your own")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def beside(tmp_path_factory) -> str:
    """Where Rescind and the package are found; it is installed from the wheel that it builds to."""
    folder = tmp_path_factory.mktemp("own")
    source, wheels, target = folder / "source", folder / "wheels", folder / "site"
    shutil.copytree(EXAMPLE, source)
    subprocess.run(
        [sys.executable, "-c", BUILD, str(wheels)], cwd=source, env=environ(), check=True, capture_output=True
    )
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(target)
    return os.pathsep.join([str(target), str(ROOT)])


@pytest.fixture
def run(beside, tmp_path):
    def run_(*arguments: str, more: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rescind", "policies", *arguments],
            cwd=tmp_path,
            env=environ(PYTHONPATH=os.pathsep.join([more, beside]) if more else beside),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_


def test_policy_of_our_own_is_listed_and_checked(run, tmp_path):
    listed = {each["policy"]: each for each in json.loads(run("list", "--json").stdout)["data"]}
    assert listed["quiet_days"]["package"] == "quiet-days 1.0"
    assert [each["key"] for each in listed["quiet_days"]["settings"]] == ["mode", "exempt", "days", "time_zone"]
    file = tmp_path / "new.toml"
    file.write_text('[quiet_days]\nmode = "enforce"\ndays = ["2026-12-24"]\n')
    checked = run("check", "new.toml")
    assert checked.returncode == 0
    assert "  quiet_days.days: [] becomes [" in checked.stdout
    file.write_text('\n[quiet_days]\ndays = ["Christmas"]\n')
    refused = run("check", "new.toml")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "new.toml line 2: quiet_days: days holds 'Christmas', which is no day; write it as '2026-12-24'\n"
    )


def test_guide_shows_what_check_says_of_it(run, tmp_path):
    _, table = blocks(GUIDED, "toml")
    (tmp_path / "new.toml").write_text(table)
    (example,) = [body for body in blocks(GUIDED) if body.startswith("$ rescind policies check")]

    checked = run("check", "new.toml")

    told = example.split("$ rescind backtest")[0].removeprefix("$ rescind policies check new.toml\n")
    assert shows(told.replace("policies.toml", "the defaults"), checked.stdout), checked.stdout


def test_broken_package_stops_the_start_with_one_line(run, tmp_path):
    told = tmp_path / "site" / "broken-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[rescind.policies]\nbroken = nowhere\n")
    ran = run("list", more=str(tmp_path / "site"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "rescind: policy 'broken' of broken (nowhere) cannot be loaded:"
        " ModuleNotFoundError: No module named 'nowhere'\n"
    )


def test_running_process_decides_by_it_once_it_is_switched_on(beside, tmp_path, sqlite_url, sqlite_database):
    send_at = datetime.now(UTC) + timedelta(hours=1)
    schedule(sqlite_database, message_id(), to=ALICE, send_at=send_at)
    (tmp_path / "policies.toml").write_text('[quiet_days]\nmode = "off"\n')

    def latest():
        with sqlite_database.read() as connection:
            return decisions.latest(connection, message_id())

    with simulator.running() as telnyx:
        chosen = {
            "DATABASE_URL": sqlite_url,
            "TELNYX_API_KEY": "KEY_test",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_RECONCILE_MINUTES": "0",
            "PYTHONPATH": beside,
        }
        with Running("sweeper", log=tmp_path / "log", chosen=chosen, folder=tmp_path) as sweeper:
            assert wait_for(lambda: sweeper.says("sweeper_started"))
            day = send_at.date().isoformat()
            (tmp_path / "policies.toml").write_text(f'[quiet_days]\nmode = "enforce"\ndays = ["{day}"]\n')
            assert wait_for(lambda: latest().policy == "quiet_days"), "\n".join(sweeper.lines)
            assert latest().verdict == "hold"
            assert latest().reason == f"it would be sent on {day}, a quiet day in UTC"
    with sqlite_database.read() as connection:
        assert messages.find(connection, message_id()).ledger == LedgerState.PENDING
    assert telnyx.requests("DELETE") == []
