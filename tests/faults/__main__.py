"""``python -m tests.faults``: real faults on the real processes, and whether every promise was kept.

``list`` tells the scenarios, ``short`` runs those that a gate has time for, ``full`` all of them at full scale, and
any names run those. Every run tells its seed and the command that repeats it.
"""

from __future__ import annotations

import argparse
import importlib
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.figures import Failed, Figure, Verdict, table
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.world import Setting

_TIERS = ("short", "full")
_SCALES = ("events", "kills", "seconds")


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one database, as asked for."""

    name: str
    scenario: Scenario
    database: str
    options: argparse.Namespace
    seed: int
    is_full: bool

    @property
    def command(self) -> str:
        scales = [f"--{each} {getattr(self.options, each):g}" for each in _SCALES if getattr(self.options, each)]
        scales += ["--full"] if self.is_full else []
        return " ".join(
            ["python -m tests.faults", self.name, f"--seed {self.seed} --database {self.database}", *scales]
        )


def main(arguments: list[str]) -> int:
    """Run what is asked for and return 1 when a promise was broken, 2 when the call is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=["list"], help="list, short, full, or names of scenarios")
    parser.add_argument("--seed", type=int, help="repeat a run; drawn when it is not given")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep databases and logs there")
    parser.add_argument("--full", action="store_true", help="named scenarios at the scale of the full tier")
    for scale in _SCALES:
        parser.add_argument(f"--{scale}", type=float, help=f"in place of the tier's number of {scale}")
    options = parser.parse_args(arguments)
    if options.what == ["list"]:
        for name, scenario in SCENARIOS.items():
            print(f"{name:20} {'short' if scenario.is_short else '     '}  {scenario.about}")
        return 0
    unknown = set(options.what) - SCENARIOS.keys() - set(_TIERS)
    if unknown:
        print(f"there is no scenario {', '.join(sorted(unknown))}; see: python -m tests.faults list", file=sys.stderr)
        return 2
    broken = [run.name for run in _runs(options) if not _is_kept(run)]
    if broken:
        print(f"\npromises broken in: {', '.join(broken)}")
    return 1 if broken else 0


def _runs(options: argparse.Namespace) -> list[Run]:
    is_full = options.full or "full" in options.what
    names = [
        name
        for name, scenario in SCENARIOS.items()
        if name in options.what or "full" in options.what or ("short" in options.what and scenario.is_short)
    ]
    drawn = random.SystemRandom()
    runs = []
    for name in names:
        scenario = SCENARIOS[name]
        wanted = {"both": scenario.databases, None: scenario.databases[-1:]}.get(options.database, (options.database,))
        for database in wanted:
            if database in scenario.databases:
                seed = options.seed if options.seed is not None else drawn.randrange(1_000_000)
                runs.append(Run(name, scenario, database, options, seed, is_full))
            else:
                print(f"{name} does not run on {database}")
    return runs


def _is_kept(run: Run) -> bool:
    """Run a scenario, print what it found, and return whether every promise was kept."""
    print(f"\n{run.name}, {run.database}, seed {run.seed}: {run.scenario.about}", flush=True)
    folder = run.options.keep / f"{run.name}-{run.database}" if run.options.keep else None
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="rescind-faults-"))
    setting = Setting(
        seed=run.seed,
        database=run.database,
        folder=folder.resolve(),
        full=run.is_full,
        **{scale: getattr(run.options, scale) for scale in _SCALES},
    )
    started_at = time.monotonic()
    try:
        figures: list[Figure] = importlib.import_module(f"tests.faults.{run.scenario.module}").run(setting)
    except Failed as failure:
        print(f"  FAILED  {failure}")
        is_kept = False
    else:
        print(table(figures))
        is_kept = not any(figure.verdict is Verdict.BROKEN for figure in figures)
    finally:
        if not run.options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"  in {time.monotonic() - started_at:.0f} s; again: {run.command}", flush=True)
    return is_kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
