"""Histories of an installation, as hypothesis makes them up: whatever happens, in the end all is well.

The same are played every time, so that a failure is one of what was changed;
``--simulation-seed`` plays others, ``--simulation-examples`` more, and ``--simulation-replay`` one that has failed.
"""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, reproduce_failure, seed, settings
from hypothesis.stateful import get_state_machine_test

from tests.simulation.machine import Installation


@pytest.mark.timeout(36_000)
def test_history_of_any_kind_ends_well(installation, chosen):
    wanted = settings(
        max_examples=chosen("examples", 300),
        stateful_step_count=chosen("steps", 40),
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    play = get_state_machine_test(lambda: Installation(*installation), settings=wanted)
    number = chosen("seed", 1)
    print(f"played from --simulation-seed {number}")  # noqa: T201 - shown of a test that fails
    if blob := chosen("replay", ""):
        play = reproduce_failure(hypothesis.__version__, blob)(play)
    seed(number)(play)()
