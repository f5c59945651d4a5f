"""The state machine: what may happen to an installation, step by step, in any order."""

from __future__ import annotations

import sys

from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.simulation import checks, last_checks, living
from tests.simulation.processes import Web
from tests.simulation.rules_traffic import Traffic
from tests.simulation.rules_trouble import Trouble
from tests.simulation.rules_work import Work
from tests.simulation.stores import Stores
from tests.simulation.world import World


class Installation(Traffic, Work, Trouble, RuleBasedStateMachine):
    """One history of an installation; made over stores that many histories share."""

    def __init__(self, stores: Stores, web: Web) -> None:
        super().__init__()
        self.world = World(stores, web, on_cancel=checks.is_wanted)

    @invariant()
    def all_is_in_order(self) -> None:
        checks.after_step(self.world)

    def teardown(self) -> None:
        try:
            # Not after a failure, which would be hidden by another.
            if sys.exc_info()[0] is None:
                living.come_to_rest(self.world)
                last_checks.all_is_well(self.world)
        finally:
            note("\n".join(["what happened:", *self.world.trace]))
            self.world.close()
