"""What a day costs, as far as it is known: what was spent, and what is expected of those that wait."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.deciding import Act, Mode
from core.facts import Spending
from core.policies import budget
from core.policies.catalogue import rules
from ledger import intending
from ledger.gathering import facts
from ledger.intending import Wish
from ledger.registering import register
from store import messages
from tests.books import registered, told
from tests.ledger.test_ending import ended
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, message_id, registration

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = NOW + 12 * HOUR
LONDON, PARIS = "+447700900123", "+33700900123"


def capped(daily, **more):
    return rules(budget=budget.Settings(mode=Mode.ENFORCE, daily=Decimal(daily), **more))


def cost(amount, currency="USD"):
    return {"amount": amount, "currency": currency}


def paid(number, amount, *, parts=1, minute=-60, **more):
    """A message that ended and cost something."""
    costs = {"cost": cost(amount, more.pop("currency", "USD"))}
    return ended("delivered", number=number, minute=minute, event_id=f"end-{number}", parts=parts, **costs, **more)


def waiting(number, *, parts=None, at=NOW + HOUR, profile=PROFILE, **more):
    details = {"text": "Spring sale", **({"parts": parts} if parts else {})}
    told = registration(number, send_at=at, messaging_profile_id=profile, details=details, **more)
    return replace(told, campaign_key="sale")


def spendings(database, *numbers, now=NOW, by=None):
    with database.read() as connection:
        rows = messages.find_all(connection, [message_id(number) for number in numbers])
        found = facts.gather(connection, rows.values(), (by or capped("10")).needs, now=now)
    return [found[message_id(number)].spending for number in numbers]


def usd(spent, before, this, profile=None, currency="USD"):
    return Spending(currency, profile, Decimal(spent), Decimal(before), Decimal(this))


def of_all(told):
    return [[each for each in one if each.messaging_profile_id is None] for one in told]


def test_day_is_told_for_all_messages_and_for_the_profile(database):
    told(database, paid(1, "0.0100"), paid(2, "0.0300"), replace(paid(3, "0.0200"), messaging_profile_id="other"))
    registered(database, waiting(10), waiting(11, at=NOW + 2 * HOUR, profile="other"), waiting(12, at=NOW + 3 * HOUR))

    (told_of,) = spendings(database, 12)
    assert set(told_of) == {usd("0.06", "0.04", "0.02"), usd("0.04", "0.02", "0.02", PROFILE)}


def test_messages_stand_in_the_order_of_their_sending_and_of_their_registration(database):
    told(database, paid(1, "0.01"))
    registered(database, *(waiting(number) for number in (10, 11, 12)), waiting(13, at=NOW + HOUR - MINUTE))

    before = [each.pending_before for (each,) in of_all(spendings(database, 10, 11, 12, 13))]
    assert sorted(before) == [Decimal("0.00"), Decimal("0.01"), Decimal("0.02"), Decimal("0.03")]
    assert before[3] == 0


def test_each_utc_day_is_counted_for_itself(database):
    told(database, paid(1, "0.01"), paid(2, "0.03", minute=-13 * 60))
    registered(
        database,
        waiting(10, at=MIDNIGHT - MINUTE),
        waiting(11, at=MIDNIGHT),
        waiting(12, at=MIDNIGHT + MINUTE),
    )

    assert of_all(spendings(database, 10, 11, 12)) == [
        [usd("0.01", "0", "0.02")],
        [usd("0", "0", "0.02")],
        [usd("0", "0.02", "0.02")],
    ]


def test_expected_cost_is_by_part_and_country_where_both_are_known(database):
    told(
        database,
        paid(1, "0.010", parts=2),
        paid(2, "0.030", parts=2),
        paid(3, "0.080", to=(LONDON,)),
    )
    registered(
        database,
        waiting(10, parts=3),
        waiting(11, parts=3, to=(LONDON,)),
        waiting(12, parts=3, to=(PARIS,)),
        waiting(13),
        waiting(14, to=(LONDON,)),
        waiting(15, parts=1, to=(ALICE, LONDON)),
    )

    assert [each.this for (each,) in of_all(spendings(database, 10, 11, 12, 13, 14, 15))] == [
        Decimal("0.03"),
        Decimal("0.24"),
        Decimal("0.072"),
        Decimal("0.02"),
        Decimal("0.08"),
        Decimal("0.09"),
    ]


def test_message_to_a_group_is_paid_for_once(database):
    told(database, paid(1, "0.04", to=(ALICE, BOB)))
    registered(database, waiting(10, parts=1))

    assert of_all(spendings(database, 10)) == [[usd("0.04", "0", "0.02")]]


def test_currencies_are_kept_apart_and_a_bare_amount_is_of_the_usual_one(database):
    told(database, paid(1, "0.01", currency=None), paid(2, "0.50", currency="EUR"))
    registered(database, waiting(10))

    (told_of,) = of_all(spendings(database, 10))
    assert set(told_of) == {usd("0.01", "0", "0.01"), usd("0.50", "0", "0.50", currency="EUR")}


def test_nothing_is_told_while_no_price_is_known(database):
    told(database, ended("delivered", number=1, minute=-60), paid(2, "0.01", minute=-7 * 24 * 60 - 1))
    registered(database, waiting(10))

    assert spendings(database, 10) == [()]
    assert spendings(database, 10, now=NOW - MINUTE) != [()]


def test_no_cap_asks_for_no_costs(database):
    told(database, paid(1, "0.01"))
    registered(database, waiting(10))

    assert spendings(database, 10, by=rules(budget=budget.Settings(mode=Mode.ENFORCE))) == [()]


def test_those_that_go_out_last_are_held(database):
    told(database, paid(1, "0.01"))
    with database.begin() as connection:
        made = register(
            connection,
            [waiting(number, at=NOW + number * MINUTE) for number in (13, 10, 12, 11)],
            capped("0.03"),
            door="api",
            now=NOW,
        )

    acts = {each.message.id: each.decision.verdict for each in made}
    assert [acts[message_id(number)] for number in (10, 11, 12, 13)] == [Act.ALLOW, Act.ALLOW, Act.HOLD, Act.HOLD]


def test_request_to_send_stands_behind_all_that_wait_by_its_time(database):
    told(database, paid(1, "0.01"))
    registered(database, waiting(10), waiting(11), waiting(12, at=NOW + 2 * HOUR))
    wish = Wish(
        path="/v2/messages",
        recipients=(ALICE,),
        from_number=OURS,
        messaging_profile_id=PROFILE,
        campaign_key="sale",
        message_class=None,
        tags=None,
        send_at=NOW + HOUR,
        text_digest=None,
        fingerprint=None,
    )
    with database.read() as connection:
        for daily, act in (("0.04", Act.ALLOW), ("0.039", Act.HOLD)):
            decision, *_ = intending.judge(connection, wish, capped(daily), now=NOW)
            assert decision.verdict is act
            (verdict,) = [verdict for _, verdict in decision.verdicts if verdict.policy == "budget"]
            assert (verdict.facts["pending_before"], verdict.facts["this"]) == ("0.020000", "0.010000")
