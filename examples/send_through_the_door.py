r"""An application that schedules through Rescind's door: its base URL is changed, and nothing else.

    RESCIND_URL=http://127.0.0.1:8000 TELNYX_API_KEY=KEY… FROM=+15557650900 TO=+15557650101,+15557650102 \
        python examples/send_through_the_door.py

Every policy is asked before Telnyx is. What may not be sent is refused with an error like Telnyx's own, and Telnyx
never hears of it. What is scheduled is registered before the answer comes back.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

from telnyx import APIConnectionError, APIStatusError, Telnyx

from rescind.client import through_door


def main() -> int:
    """Schedule one message to each number, and say what became of it."""
    telnyx = Telnyx(
        api_key=setting("TELNYX_API_KEY"),
        # This is the whole change. TELNYX_BASE_URL in the environment does the same without touching the code.
        base_url=f"{setting('RESCIND_URL')}/v2",
        # With Rescind or without: a request to send that a library tries twice may send twice.
        max_retries=0,
    )
    # Optional: what the message belongs to. Rescind keeps these headers to itself.
    belongs_to = through_door(campaign=os.environ.get("CAMPAIGN"), message_class="marketing")
    failed = 0
    for number in setting("TO").split(","):
        try:
            answer = telnyx.messages.schedule(
                to=number,
                from_=setting("FROM"),
                text="The sale starts now!",
                send_at=datetime.now(UTC) + timedelta(hours=2),
                extra_headers=belongs_to,
            )
        except APIStatusError as error:
            # Telnyx's own refusals look the same: a code, a title, a detail. 40300 is "must not be sent".
            failed += 1
            print(f"{number} refused ({error.status_code}): {reason(error)}")
        except APIConnectionError as error:
            failed += 1
            print(f"{number} not sent: {error}")
        else:
            print(f"{number} scheduled as {answer.data.id if answer.data else '?'}")
    return 1 if failed else 0


def reason(error: APIStatusError) -> str:
    """Return what an error says, in one line."""
    errors = error.body.get("errors") if isinstance(error.body, dict) else None
    return f"{errors[0]['code']} {errors[0]['detail']}" if errors else str(error)


def setting(name: str) -> str:
    """Return what the environment says, or end with a line that tells what it lacks."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; the first lines of this file tell what is needed")


if __name__ == "__main__":
    sys.exit(main())
