"""Try out rules on what was: decide anew on messages that were decided on, with what was known then. It only reads.

Each message is taken at the moment of the decision that stands for it, with every fact that had reached us by then, and
the real policies are asked. What they say is set beside what was decided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.comparing import Comparison, Opinion, Pair
from core.deadlines import last_look
from core.deciding import Act, Rule, Rules, Verdict, combine
from core.facts import Facts
from ledger.gathering import past
from ledger.gathering.past import Look
from store import decisions, messages
from store.decisions import DecisionRow

_WAS_NOT_ASKED = Opinion(Act.ALLOW, "it was not asked")
_IS_NOT_ASKED = Opinion(Act.ALLOW, "it is not asked")


@dataclass(slots=True)
class Backtest:
    """What other rules would have made of some messages."""

    together: Comparison = field(default_factory=Comparison)
    """What becomes of the messages, by all that is enforced together."""
    by_policy: dict[str, Comparison] = field(default_factory=dict)
    """Of each policy on its own, whatever its mode."""
    untried: tuple[str, ...] = ()
    """Policies whose facts cannot be told any more: what they said then is taken over."""


def begin(rules: Rules) -> Backtest:
    """Return a backtest of these rules that has looked at nothing yet."""
    return Backtest(
        by_policy={rule.name: Comparison(rule.mode) for rule in rules.every},
        untried=tuple(rule.name for rule in rules if not _can_be_asked(rule)),
    )


def look_at(connection: sa.Connection, backtest: Backtest, rules: Rules, seqs: Collection[int]) -> None:
    """Decide anew on the messages that the decisions with these numbers stand for, and count what differs."""
    made = decisions.those(connection, seqs)
    rows = messages.find_all(connection, {each.message_id for each in made})
    looks = {
        each.message_id: Look(row, each.decided_at, is_last=each.trigger == decisions.LAST_LOOK)
        for each in made
        if (row := rows.get(each.message_id)) and row.send_at is not None
    }
    needs = Rules(tuple(rule for rule in rules if _can_be_asked(rule))).needs
    known = past.gather(connection, list(looks.values()), needs)
    for each in made:
        if each.message_id in known:
            _compare(backtest, each, known[each.message_id], rules)


def _can_be_asked(rule: Rule) -> bool:
    return past.UNTOLD.isdisjoint(rule.needs)


def _compare(backtest: Backtest, made: DecisionRow, facts: Facts, rules: Rules) -> None:
    said = {str(each["policy"]): each for each in made.verdicts}
    heard = [(rule, verdict) for rule in rules if (verdict := _ask(rule, facts, said.get(rule.name)))]
    now = {rule.name: Opinion(verdict.act, verdict.reason) for rule, verdict in heard}
    then = {name: Opinion(Act(each["verdict"]), each["reason"]) for name, each in said.items()}
    for name in backtest.by_policy:
        if name in now or name in then:
            opinions = then.get(name, _WAS_NOT_ASKED), now.get(name, _IS_NOT_ASKED)
            backtest.by_policy[name].add(Pair(made.message_id, made.decided_at, *opinions))
    stands = combine(heard, is_last=facts.is_last or facts.now >= last_look(facts.send_at))[0]
    backtest.together.add(
        Pair(
            made.message_id,
            made.decided_at,
            Opinion(Act(made.verdict), made.reason),
            Opinion(stands.verdict, stands.reason),
        )
    )


def _ask(rule: Rule, facts: Facts, said: Mapping[str, Any] | None) -> Verdict | None:
    """Return what a policy says; of one that cannot be asked any more what it said then, None if it was not asked."""
    if _can_be_asked(rule):
        return rule.ask(facts)
    return Verdict(Act(said["verdict"]), rule.name, said["reason"], said["facts"]) if said else None
