"""A disk that a test can fill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.small_disk import NoSmallDisk, SmallDisk, small_disk


@pytest.fixture
def disk(tmp_path) -> Iterator[SmallDisk]:
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(tmp_path / "disk", megabytes=1))
        except NoSmallDisk as error:
            pytest.skip(f"no file system of our own here: {error}")
        yield disk
