from __future__ import annotations

import shlex
import signal
import socket

import httpx
import pytest

from tests.processes import Running, free_port, wait_for


def exports(running: Running) -> dict[str, str]:
    lines = [line for line in running.lines if line.startswith("export ")]
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def test_it_prints_the_environment_that_points_at_it_and_ends_on_ctrl_c(tmp_path):
    with Running("simulate", "--port", "0", "--seed", "demo", log=tmp_path / "log", chosen={}) as telnyx:
        assert wait_for(lambda: len(exports(telnyx)) == 3)
        said = exports(telnyx)
        answer = httpx.post(
            f"{said['TELNYX_BASE_URL']}/messages",
            headers={"Authorization": f"Bearer {said['TELNYX_API_KEY']}"},
            json={"from": "+15557650900", "to": "+15557650101", "text": "Hi"},
            trust_env=False,
        )

        assert answer.status_code == 200
        telnyx.stop(signal.SIGINT)
        assert telnyx.process.returncode == 0
    with Running("simulate", "--port", "0", "--seed", "demo", log=tmp_path / "again", chosen={}) as telnyx:
        assert wait_for(lambda: len(exports(telnyx)) == 3)
        assert exports(telnyx)["TELNYX_PUBLIC_KEY"] == said["TELNYX_PUBLIC_KEY"]


def test_a_port_that_is_taken_is_one_line(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("simulate", "--port", str(taken.getsockname()[1]))

    assert ran.status == 2
    assert "choose another --port" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--webhook-url", "--failover-url"])
@pytest.mark.parametrize("url", ["nonsense", "http://example.com/", "http://[", "http://127.0.0.1@example.com/"])
def test_a_webhook_url_on_another_machine_is_refused(run, option, url):
    ran = run("simulate", "--port", str(free_port()), option, url)

    assert (ran.status, ran.out) == (2, "")
    assert f"Invalid value for '{option}': {url!r} is no URL on this machine such as http://127.0.0.1:8000/" in ran.err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--port", "99999", "99999 is not in the range 0<=x<=65535"),
        ("--port", "-1", "-1 is not in the range 0<=x<=65535"),
        ("--speed", "inf", "The clock's speed is 0 (stand still) to 100,000"),
        ("--speed", "nan", "The clock's speed is 0 (stand still) to 100,000"),
        ("--speed", "1e300", "The clock's speed is 0 (stand still) to 100,000"),
        ("--latency", "-1", "'latency' cannot be -1.0: a number of 0 or more is expected"),
        ("--latency", "nan", "'latency' cannot be nan: a number of 0 or more is expected"),
        ("--latency", "1e300", "'latency' cannot be 1e+300: "),
        ("--rate-limit", "inf", "'rate_limit' cannot be inf: a number of 0 or more is expected"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_without_a_traceback(run, option, value, told):
    ran = run("simulate", "--port", str(free_port()), option, value)

    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
