from __future__ import annotations

import re
import signal

import pytest

from tests.processes import Running, descendants, is_alive, wait_for


@pytest.fixture
def temporary(tmp_path):
    """Where the demonstration puts its files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_the_demonstration_comes_out_right_and_leaves_nothing(tmp_path, temporary):
    # Settings of an operator's own, and their files, must not have a say in it.
    chosen = {"TMPDIR": str(temporary), "TELNYX_API_KEY": "KEY_live", "DATABASE_URL": "postgresql://127.0.0.1:9/live"}
    (tmp_path / "policies.toml").write_text('[opt_out]\nmode = "off"\n')
    with Running("demo", "--seed", "3", log=tmp_path / "log", chosen=chosen, folder=tmp_path) as demo:
        assert wait_for(lambda: descendants(demo.process.pid))
        demo.process.wait(90)

        assert demo.process.returncode == 0, "\n".join(demo.lines)
        told = "\n".join(demo.lines[-4:])
        cancelled, kept = (int(re.search(rf"(\d+) {words}", told)[1]) for words in ("of them", "others"))
        assert cancelled + kept == 302
        assert cancelled > 60
        assert list(temporary.iterdir()) == []


def test_an_interrupted_demonstration_leaves_nothing(tmp_path, temporary):
    with Running("demo", log=tmp_path / "log", chosen={"TMPDIR": str(temporary)}, folder=tmp_path) as demo:
        assert wait_for(lambda: len(descendants(demo.process.pid)) >= 6)
        everything = descendants(demo.process.pid)

        demo.stop(signal.SIGTERM)

        assert demo.process.returncode == 130
        assert not any(map(is_alive, everything))
        assert list(temporary.iterdir()) == []
        assert not demo.says("Traceback")
