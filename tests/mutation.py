"""``python -m tests.mutation`` changes ``core`` in thousands of small ways, and counts which of them its tests notice.

It takes some ten minutes. ``mutmut show NAME`` tells afterwards what a change was that nobody noticed. What stands
outside functions is not changed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_MUTMUT = str(Path(sys.executable).parent / "mutmut")
_STATS = ROOT / "mutants/mutmut-cicd-stats.json"
_LEAST = 0.9


def main() -> int:
    """Run it, print the score, and return 1 when it is too low."""
    for command in ("run", "export-cicd-stats"):
        if subprocess.call([_MUTMUT, command], cwd=ROOT) != 0:
            print(f"mutation: `mutmut {command}` failed; what it printed says why", file=sys.stderr)
            return 2
    counted = json.loads(_STATS.read_text())
    noticed = counted["killed"] + counted["timeout"]
    score = noticed / counted["total"]
    print(
        f"{noticed} of {counted['total']} changes were noticed, {score:.1%} (at least {_LEAST:.0%});"
        f" {counted['survived']} were not, {counted['no_tests']} are in what no test runs"
    )
    return 0 if score >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
