"""What the days cost on which messages are sent: what has been spent, and what is expected of those that wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from core import merging
from core.facts import Spending
from core.numbers import country_code
from ledger.gathering.subjects import Subject
from store import spending
from store.spending import Paid, Spent

_DAY = timedelta(days=1)
_PREFIX = 4
#: Telnyx tells older costs without a currency, and bills in this one unless something else was agreed on.
_USUAL = "USD"
_SIXTH = Decimal("0.000001")


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Spending, ...]]:
    """Return what the day of each message costs; prices are told by what ended so far back."""
    prices = _prices(spending.paid(connection, since=subjects[0].now - back))
    found = defaultdict[str, list[Spending]](list)
    if not prices:
        return {}
    for day, sent_then in _by_day(subjects).items():
        spent = spending.spent(connection, since=day, until=day + _DAY)
        for profile in {None, *(subject.row.messaging_profile_id for subject in sent_then)}:
            of_purse = [each for each in sent_then if profile in {None, each.row.messaging_profile_id}]
            before = _before(connection, of_purse, day, profile)
            for currency, price in prices.items():
                amount = _sum(spent, currency, profile)
                for subject in of_purse:
                    expected = (before[subject.id] * price.of_message).quantize(_SIXTH)
                    found[subject.id].append(Spending(currency, profile, amount, expected, price.of(subject)))
    return {message_id: tuple(told) for message_id, told in found.items()}


@dataclass(frozen=True, slots=True)
class _Price:
    """What messages cost in one currency."""

    of_message: Decimal
    of_part: Decimal | None
    of_message_to: Mapping[str, Decimal]
    """By the country's calling code."""
    of_part_to: Mapping[str, Decimal]

    def of(self, subject: Subject) -> Decimal:
        """Return what a message is expected to cost, to all its recipients."""
        told = merging.values(subject.row.fields).get("parts")
        parts = told if isinstance(told, int) and told > 0 else None
        countries = (country_code(number[:_PREFIX]) for number in subject.recipients)
        return sum((self._to(country, parts) for country in countries), Decimal()).quantize(_SIXTH)

    def _to(self, country: str, parts: int | None) -> Decimal:
        of_part = self.of_part_to.get(country) or self.of_part
        if parts is None or of_part is None:
            return self.of_message_to.get(country) or self.of_message
        return parts * of_part


def _prices(paid: Iterable[Paid]) -> Mapping[str, _Price]:
    """Return what is paid, by currency."""
    by_currency = defaultdict[str, dict[str, list[Paid]]](lambda: defaultdict(list))
    for each in paid:
        by_currency[each.currency or _USUAL][country_code(each.prefix)].append(each)
    return {
        currency: _Price(
            of_message=_mean([each for told in countries.values() for each in told]),
            of_part=_mean_of_parts([each for told in countries.values() for each in told]),
            of_message_to={country: _mean(told) for country, told in countries.items()},
            of_part_to={
                country: price for country, told in countries.items() if (price := _mean_of_parts(told)) is not None
            },
        )
        for currency, countries in by_currency.items()
    }


def _mean(paid: Sequence[Paid]) -> Decimal:
    return sum((each.amount for each in paid), Decimal()) / sum(each.messages for each in paid)


def _mean_of_parts(paid: Sequence[Paid]) -> Decimal | None:
    parts = sum(each.parts for each in paid)
    return sum((each.amount_of_parts for each in paid), Decimal()) / parts if parts else None


def _by_day(subjects: Sequence[Subject]) -> Mapping[datetime, Sequence[Subject]]:
    days = defaultdict[datetime, list[Subject]](list)
    for subject in subjects:
        days[subject.send_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)].append(subject)
    return days


def _before(
    connection: sa.Connection, subjects: Sequence[Subject], day: datetime, profile: str | None
) -> Mapping[str, int]:
    """Return how many pending messages go out before each on the day; before what does not exist yet, all that do."""
    until = max(subject.send_at for subject in subjects)
    seqs = {subject.row.seq for subject in subjects}
    placed = spending.before(connection, seqs, since=day, until=until, profile=profile)
    return {
        subject.id: placed[subject.row.seq]
        if subject.row.seq in placed
        else spending.waiting(connection, since=day, until=subject.send_at, profile=profile)
        for subject in subjects
    }


def _sum(spent: Iterable[Spent], currency: str, profile: str | None) -> Decimal:
    amounts = (
        each.amount
        for each in spent
        if (each.currency or _USUAL) == currency and profile in {None, each.messaging_profile_id}
    )
    return sum(amounts, Decimal())
