"""Each test of the core stands alone: what a function keeps from one call to the next is forgotten before it."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _forget() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("core."):
            for each in vars(module).values():
                clear: Any = getattr(each, "cache_clear", None)
                if clear is not None:
                    clear()
