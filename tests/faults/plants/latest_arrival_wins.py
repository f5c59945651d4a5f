"""Planted: the state of a message is what arrived last, in place of what outranks the rest."""

from ledger import recording
from store.messages import Transition


def _height(_: Transition) -> tuple[str, str]:
    return "~", ""


recording._height = _height
