"""Acknowledged events under SIGKILLs of everything: none is lost, none takes effect twice."""

from __future__ import annotations

import random

from tests.faults import book, checks, loads
from tests.faults.book import Entry
from tests.faults.chaos import Chaos
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.loads import RunningLoad
from tests.faults.world import Setting, running


def run(setting: Setting) -> list[Figure]:
    """Send until enough is acknowledged while everything is killed in turn, then kill all of it at once, and look."""
    events = int(setting.scaled("events", short=3_000, full=100_000))
    kills = int(setting.scaled("kills", short=10, full=50))
    chance = random.Random(setting.seed)
    pause = (1.0, 4.0) if setting.full else (0.8, 2.0)
    with running(setting) as world:
        chaos = Chaos(world, every=lambda: chance.uniform(*pause), seed=setting.seed)
        with RunningLoad(world.load("client", lanes=12)) as load, chaos:
            load.until(lambda: load.acked >= events and chaos.kills >= kills, check=chaos.check)
            chaos.end()
            # What is under way at this moment is not answered; what was answered has to be there afterwards.
            world.kill_everything()
            seen = load.stop()
        world.bring_everything_up()
        promised = book.read(load.load.book)
        answers = ", ".join(f"{status}: {count:,}" for status, count in loads.statuses(seen).most_common(6))
        return [
            safety("acknowledged events", len(promised.ids(Entry.ACKED)), at_least=events),
            timing("SIGKILLs", chaos.kills, at_least=kills),
            *(told(f"  {name}", count) for name, count in sorted(chaos.struck.items())),
            told("restarts by the platform", world.fleet.restarts()),
            told("answers", answers),
            told("accepted by the failover", sum(each.status == 200 and each.where == "failover" for each in seen)),
            told("events that the sender gave up", load.given_up),
            *checks.everything(world, promised),
        ]
