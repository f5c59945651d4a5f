"""A receiver that waits for its commits as long as they take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

from store.group_commit import GroupCommit


@contextmanager
def patient() -> Iterator[None]:
    """Give what is made meanwhile more time for a commit than Telnyx would: a busy disk is not what a test is about."""
    with mock.patch.dict(GroupCommit.__init__.__kwdefaults__, deadline=timedelta(seconds=60)):
        yield
