r"""An application that schedules at Telnyx itself, and registers each message with Rescind afterwards.

    RESCIND_URL=http://127.0.0.1:8000 RESCIND_API_TOKEN=… TELNYX_API_KEY=KEY… FROM=+15557650900 TO=+15557650101 \
        python examples/register_afterwards.py

Between the two calls anything may fail. So Telnyx's answer goes into an outbox first: a file here, a table in a real
application. Whatever is in it is registered as soon as Rescind answers, and registering twice does no harm.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from telnyx import APIError, Telnyx

from rescind.client import Rescind, RescindError


class Outbox:
    """What was scheduled and is not registered yet, a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.touch()

    def put(self, scheduled: dict[str, Any], **belongs_to: Any) -> None:  # noqa: ANN401 - JSON values
        """Keep an answer of Telnyx's until it is registered, through a crash as well."""
        with self._path.open("a") as file:
            file.write(json.dumps({"message": scheduled, **belongs_to}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def empty_into(self, rescind: Rescind) -> int:
        """Register all that waits; what fails for the moment stays. Return how many stay."""
        left = []
        for line in self._path.read_text().splitlines():
            try:
                registered = rescind.register(**json.loads(line))
                decision = registered["decision"]  # None of a message that has been sent or cancelled already
                print(f"registered {registered['id']}: {decision['verdict'] if decision else registered['ledger']}")
            except RescindError as error:
                print(f"not registered: {error}")
                # 422 says that this message can never be watched: see to it, and do not ask again for ever.
                if error.status != 422:  # noqa: PLR2004 - see above
                    left.append(line)
        swap = self._path.with_suffix(".new")
        swap.write_text("".join(f"{line}\n" for line in left))
        swap.replace(self._path)
        return len(left)


def main() -> int:
    """Schedule one message to each number and register them; call it again to register what was left."""
    rescind = Rescind(setting("RESCIND_URL"), setting("RESCIND_API_TOKEN"), retries=1)
    outbox = Outbox(Path(os.environ.get("OUTBOX", "outbox.jsonl")))
    telnyx = Telnyx(api_key=setting("TELNYX_API_KEY"), max_retries=0)
    failed = 0
    for number in filter(None, os.environ.get("TO", "").split(",")):
        try:
            answer = telnyx.messages.with_raw_response.schedule(
                to=number,
                from_=setting("FROM"),
                text="The sale starts now!",
                send_at=datetime.now(UTC) + timedelta(hours=2),
            )
        except APIError as error:
            # Telnyx itself refuses whoever said STOP. That is no reason to leave out the others.
            failed += 1
            print(f"{number} failed: {error}")
            continue
        scheduled = json.loads(answer.text())["data"]
        outbox.put(scheduled, campaign=os.environ.get("CAMPAIGN"), message_class="marketing")
        print(f"{number} scheduled as {scheduled['id']}")
    with rescind:
        left = outbox.empty_into(rescind)
    print(f"{left} wait in the outbox")
    return 1 if left or failed else 0


def setting(name: str) -> str:
    """Return what the environment says, or end with a line that tells what it lacks."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; the first lines of this file tell what is needed")


if __name__ == "__main__":
    sys.exit(main())
