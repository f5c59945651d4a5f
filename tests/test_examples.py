"""Every example, run as it stands: as a process of its own against ``rescind up`` and a simulated Telnyx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulator
from rescind.client import Rescind, RescindError
from tests.processes import Running, environ, free_port, wait_for

EXAMPLES = Path(__file__).parent.parent / "examples"
README = (EXAMPLES.parent / "README.md").read_text()
TOKEN = "a-token-for-the-examples"
OURS = "+15557650900"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


class Installation:
    """``rescind up``, and what its examples are told."""

    def __init__(self, telnyx: simulator.RunningSimulator, url: str, chosen: dict[str, str], folder: Path) -> None:
        self.telnyx = telnyx
        self.client = Rescind(url, TOKEN)
        self.settings = chosen | {
            "RESCIND_URL": url,
            "FROM": OURS,
            "CAMPAIGN": "sale",
            "PYTHONPATH": str(EXAMPLES.parent),
        }
        self.folder = folder

    def run(self, script: str | Path, **chosen: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(EXAMPLES / script)],
            env=environ(**self.settings | chosen),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def opt_out(self, number: str, text: str = "Stop!") -> None:
        """Have somebody refuse; so written, Telnyx itself does not block it."""
        self.telnyx.inbound(sender=number, to=OURS, text=text)
        assert wait_for(lambda: self.client.recipient(number)["opted_out"])

    def to(self, number: str) -> list[str]:
        """The ids of what Telnyx holds for a number."""
        return [each["id"] for each in self.telnyx.messages() if each["to"][0]["phone_number"] == number]

    def stands(self, number: str) -> tuple[str, str, str]:
        """What is held of the only message to a number: its door, its campaign, its place in the ledger."""
        (message_id,) = self.to(number)
        shown = self.client.message(message_id)
        return shown["door"], shown["campaign"], shown["ledger"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("examples")
    port = free_port()
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx") as telnyx:
        named = {"REDIS_URL": os.environ["TEST_REDIS_URL"]} if "TEST_REDIS_URL" in os.environ else {}
        chosen = named | {
            "DATABASE_URL": f"sqlite:///{folder}/rescind.db",
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
        }
        with Running("up", "--port", str(port), log=folder / "up.log", chosen=chosen, folder=folder) as up:
            system = Installation(telnyx, f"http://127.0.0.1:{port}", chosen, folder)
            assert wait_for(lambda: answers(system.client), 40), "\n".join(up.lines)
            yield system
            system.client.close()
            up.stop()


def answers(client: Rescind) -> bool:
    try:
        return client.ledger()["registered"] == 0
    except RescindError:
        return False


def test_door_schedules_what_may_be_sent_and_refuses_the_rest_before_telnyx_hears_of_it(installation):
    welcome, refused = "+15557651101", "+15557651102"
    installation.opt_out(refused)

    ran = installation.run("send_through_the_door.py", TO=f"{welcome},{refused}")

    assert (ran.returncode, ran.stderr) == (1, "")
    scheduled, refusal = ran.stdout.splitlines()
    assert scheduled == f"{welcome} scheduled as {installation.to(welcome)[0]}"
    assert refusal.startswith(f"{refused} refused (409): 40300 ")
    assert "opted out" in refusal
    assert installation.stands(welcome) == ("passthrough", "sale", "pending")
    assert installation.to(refused) == []


def test_message_registered_afterwards_is_watched_and_cancelled_when_it_must_be(installation):
    welcome, refused = "+15557651201", "+15557651202"
    installation.opt_out(refused)

    ran = installation.run("register_afterwards.py", TO=f"{welcome},{refused}")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[2:] == [
        f"registered {installation.to(welcome)[0]}: allow",
        f"registered {installation.to(refused)[0]}: cancel",
        "0 wait in the outbox",
    ]
    assert installation.stands(welcome) == ("api", "sale", "pending")
    assert wait_for(lambda: installation.stands(refused)[2] == "cancelled")
    assert installation.telnyx.status(installation.to(refused)[0]) == "cancelled"


def test_what_could_not_be_registered_waits_in_the_outbox(installation):
    number = "+15557651301"
    away = installation.run("register_afterwards.py", TO=number, RESCIND_URL=f"http://127.0.0.1:{free_port()}")
    assert away.returncode == 1
    assert away.stdout.splitlines()[-1] == "1 wait in the outbox"
    with pytest.raises(RescindError, match="not_found"):
        installation.client.message(installation.to(number)[0])

    back = installation.run("register_afterwards.py")

    assert (back.returncode, back.stdout.splitlines()[-1]) == (0, "0 wait in the outbox")
    assert installation.stands(number) == ("api", "sale", "pending")


def test_ids_that_an_application_exports_are_imported(installation):
    number = "+15557651401"

    ran = installation.run("export_and_import.py", TO=number)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert installation.stands(number) == ("import", "sale", "pending")
    asked = len(installation.telnyx.requests("GET"))
    assert installation.run("export_and_import.py").returncode == 0
    assert len(installation.telnyx.requests("GET")) == asked


@pytest.mark.parametrize(
    ("script", "door", "number"),
    [("register_afterwards.py", "api", "+15557651501"), ("export_and_import.py", "import", "+15557651502")],
)
def test_number_that_telnyx_itself_blocks_leaves_the_others_to_be_scheduled_and_watched(
    installation, script, door, number
):
    blocked = f"{number[:-3]}6{number[-2:]}"
    installation.opt_out(blocked, "STOP")

    ran = installation.run(script, TO=f"{blocked},{number}")

    assert ran.returncode == 1
    assert f"{blocked} failed: Error code: 409" in ran.stdout
    assert "Traceback" not in ran.stderr
    assert installation.to(blocked) == []
    assert installation.stands(number) == (door, "sale", "pending")


@pytest.mark.parametrize("script", SCRIPTS)
def test_example_that_lacks_a_setting_says_so_in_a_line_and_schedules_nothing(installation, script):
    number = f"+155576517{SCRIPTS.index(script):02}"

    ran = installation.run(script, TO=number, FROM="")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "FROM is not set; the first lines of this file tell what is needed\n"
    assert installation.to(number) == []


def test_what_the_examples_write_is_no_file_of_the_projects(installation):
    for script in ("register_afterwards.py", "export_and_import.py"):
        assert installation.run(script).returncode == 0

    of_rescind = {"up.log", *(path.name for path in installation.folder.glob("rescind.db*"))}
    written = {path.name for path in installation.folder.iterdir() if path.is_file()} - of_rescind
    assert written == {"outbox.jsonl", "application.db", "scheduled.csv", "scheduled.failed.csv"}
    assert written <= set((EXAMPLES.parent / ".gitignore").read_text().split())


@pytest.mark.parametrize(
    ("snippet", "door"),
    [pytest.param(0, "passthrough", id="through the door"), pytest.param(1, "api", id="registered afterwards")],
)
def test_snippet_of_the_readme_schedules_a_message_that_is_watched(installation, tmp_path, snippet, door):
    number = f"+155576519{snippet:02}"
    ellipses = "to=…, from_=…, text=…, send_at=…"
    send_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    code = re.findall(r"(?ms)^ *```python\n(.*?)^ *```$", README)[snippet]
    assert ellipses in code
    filled = code.replace(ellipses, f"to={number!r}, from_={OURS!r}, text='The sale starts now!', send_at={send_at!r}")
    (tmp_path / "application.py").write_text(textwrap.dedent(filled))

    ran = installation.run(tmp_path / "application.py")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert installation.stands(number) == (door, "spring-sale", "pending")


@pytest.mark.parametrize("script", SCRIPTS)
def test_example_is_short_and_in_the_readme(script):
    assert len((EXAMPLES / script).read_text().splitlines()) < 100
    assert f"({script})" in (EXAMPLES / "README.md").read_text()
