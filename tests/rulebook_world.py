"""A rulebook over a file of a test's own, in a time that stands still until it is waited."""

from __future__ import annotations

import time

from core.policies import opt_out
from schemas.rulebook import AT_REST, Rulebook

OFF, SHADOW = '[opt_out]\nmode = "off"\n', '[opt_out]\nmode = "shadow"\n'


class Log:
    def __init__(self):
        self.told = []

    def info(self, event, **told):
        self.told.append((event, told))

    warning = error = info


class World:
    """A rulebook over a file, in a time that stands still until it is waited."""

    def __init__(self, folder, named):
        self.path = folder / "policies.toml"
        self.named = named
        self.log = Log()
        self.ahead = 0.0
        self.rulebook = None

    def write(self, text):
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def open(self, **more):
        self.rulebook = Rulebook(
            self.path if self.named else None, log=self.log, clock=lambda: time.time() + self.ahead, **more
        )
        return self.mode

    def rest(self):
        self.ahead += 2 * AT_REST

    @property
    def mode(self):
        return next(rule.mode for rule in self.rulebook.current().every if rule.name == opt_out.NAME)
