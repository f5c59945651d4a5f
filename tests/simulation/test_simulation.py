"""Histories of an installation, as hypothesis makes them up: whatever happens, in the end all is well."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import get_state_machine_test

from tests.simulation.machine import Installation


@pytest.mark.timeout(1200)
def test_history_of_any_kind_ends_well(installation, request):
    option = request.config.getoption
    chosen = settings(
        max_examples=option("--simulation-examples", 300),
        stateful_step_count=option("--simulation-steps", 40),
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    play = get_state_machine_test(lambda: Installation(*installation), settings=chosen)
    seed(option("--simulation-seed", 1))(play)()
