"""Transactions that really run side by side, on PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial


def at_once(*acts):
    """Run each in a thread of its own, and raise what any of them raises."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result(20)


def overlapping(database, first, second):
    """Hold one transaction open between its look and its commit while the other runs; each is given a connection."""
    first_looked, second_began = threading.Event(), threading.Event()

    def slow(act):
        with database.begin() as connection:
            act(connection)
            first_looked.set()
            second_began.wait(5)
            threading.Event().wait(0.2)

    def quick(act):
        first_looked.wait(5)
        second_began.set()
        with database.begin() as connection:
            act(connection)

    at_once(partial(slow, first), partial(quick, second))
