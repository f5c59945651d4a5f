"""Somebody who kills, stops and empties things while the program works, by a seed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Self

from tests.faults.world import World

#: A server that was killed stays away for this long, in seconds.
_AWAY = (0.2, 1.5)
_PAUSED = (0.3, 2.0)


class Chaos:
    """Strikes one after the other, each kind as often as any other, in an order drawn by the seed."""

    def __init__(self, world: World, *, every: Callable[[], float], seed: int) -> None:
        """``every`` says how many seconds to wait before the next strike."""
        self.world = world
        self.struck: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._every = every
        self._chance = random.Random(seed)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def end(self) -> None:
        """Strike no more; what was stopped goes on, what was killed is started."""
        self._ending.set()
        self._thread.join()
        self.check()

    def check(self) -> None:
        """Raise what went wrong in its own work, such as a server that did not start again."""
        if self.failure is not None:
            raise self.failure

    @property
    def kills(self) -> int:
        """How many SIGKILLs there were; PostgreSQL with all its processes is one."""
        return sum(count for name, count in self.struck.items() if name.startswith("kill"))

    def _strikes(self) -> dict[str, Callable[[], bool]]:
        fleet, chance = self.world.fleet, self._chance
        strikes: dict[str, Callable[[], bool]] = {
            "kill a receiver": lambda: fleet.kill_one("web", chance, child=True),
            "kill the receivers' master": lambda: fleet.kill_one("web", chance),
            "kill a worker": lambda: fleet.kill_one(chance.choice(["worker-1", "worker-2"]), chance),
            "kill the sweeper": lambda: fleet.kill_one("sweeper", chance),
            "kill Redis": self._kill_redis,
            "empty Redis": self._empty_redis,
            "stop Redis for a while": self._pause_redis,
        }
        if self.world.postgresql is not None:
            strikes["kill PostgreSQL"] = self._kill_postgresql
        if "failover" in fleet.of:
            strikes["kill a failover receiver"] = lambda: fleet.kill_one("failover", chance, child=True)
            strikes["kill the failover's master"] = lambda: fleet.kill_one("failover", chance)
        return strikes

    def _run(self) -> None:
        strikes = self._strikes()
        try:
            bag: list[str] = []
            while not self._ending.wait(self._every()):
                if not bag:
                    bag = sorted(strikes)
                    self._chance.shuffle(bag)
                name = bag.pop()
                if strikes[name]():
                    self.struck[name] += 1
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits, by check
            self.failure = error

    def _kill_redis(self) -> bool:
        self.world.redis.kill()
        self._wait(_AWAY)
        self.world.redis.start()
        return True

    def _empty_redis(self) -> bool:
        self.world.redis.flush()
        return True

    def _pause_redis(self) -> bool:
        self.world.redis.pause()
        self._wait(_PAUSED)
        self.world.redis.resume()
        return True

    def _kill_postgresql(self) -> bool:
        assert self.world.postgresql is not None
        self.world.postgresql.kill()
        self._wait(_AWAY)
        self.world.postgresql.start()
        return True

    def _wait(self, between: tuple[float, float]) -> None:
        time.sleep(self._chance.uniform(*between))
