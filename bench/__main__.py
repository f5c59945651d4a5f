"""``python -m bench`` lists the benchmarks, ``python -m bench NAME`` runs one; ``--help`` tells its options."""

from __future__ import annotations

import importlib
import sys

BENCHES = {
    "apply": "accepted events, merged and decided on: beside the same rows in bulk, and a job per event",
    "backtest": "other policies tried on very many messages that were decided on",
    "cancel": "a campaign ended at once: how fast, in which order and how timely its messages are cancelled",
    "decide": "the policies asked about messages of which much is known, each by itself and all together",
    "door": "a call passed on to Telnyx, judged, written down and registered: beside the same call straight to it",
    "latency": "a signed STOP, until the DELETE that follows from it reaches Telnyx",
    "ledger": "finding what comes next, and the sums, in a ledger that holds up to a million messages",
    "receive": "a signed webhook, answered once it is committed: beside a bare Flask POST and the usual chain",
}


def main(arguments: list[str]) -> int:
    """Run one benchmark and return its exit status; 2 when there is none by that name."""
    if not arguments or arguments[0] not in BENCHES:
        for name, about in BENCHES.items():
            print(f"python -m bench {name:10} {about}")
        return 2 if arguments else 0
    status: int = importlib.import_module(f"bench.{arguments[0]}").main(arguments[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
