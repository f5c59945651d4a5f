"""Telnyx's list of opt-outs against the words that are held."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import cancellations, consents
from tests.books import registered, told
from tests.reconciling_world import World, opt_out
from tests.reports import ALICE, BOB, NOW, PROFILE, message_id, registration, text
from tests.scripted_telnyx import Reply
from workers.tallying import SourceName, Tally

ELSEWHERE = "4001a7b2-0000-4000-8000-000000000002"
FORBIDDEN = Reply(403, {"errors": [{"code": "10010"}]})
HELD, HEALED = Tally(reported=1, held=1), Tally(reported=1, healed=1)


@pytest.fixture
def world(database, telnyx):
    world = World(database, telnyx.url)
    world.at = NOW + timedelta(hours=1)
    yield world
    world.close()


def minute(number: float):
    return NOW + timedelta(minutes=number)


def reconciled(world) -> Tally:
    ran = world.reconciler.run()
    assert ran.errors == ()
    return ran.tallies[SourceName.OPT_OUTS]


def words(world, number=ALICE):
    with world.database.read() as connection:
        return [(row.word.kind.value, row.word.source) for row in consents.history(connection, number)]


def profiles_asked(lists):
    return [query.get("filter[messaging_profile_id]") for name, query in lists.queries if name == "messaging_optouts"]


def decided(world, number=1) -> str:
    with world.database.read() as connection:
        row = cancellations.of(connection, message_id(number))
    return row.state if row else "none"


def test_a_missed_opt_out_cancels_what_is_pending_and_is_marked(world, lists):
    registered(world.database, registration(1), registration(2, to=(BOB,)))
    lists.opt_outs = [opt_out(created_at=minute(5))]

    assert reconciled(world) == HEALED

    assert (decided(world, 1), decided(world, 2)) == ("requested", "none")
    assert words(world) == [("opt_out", "telnyx_api")]
    with world.database.read() as connection:
        (heard,) = consents.history(connection, ALICE)
    assert heard.word.event_id.startswith("telnyx_optout:")
    assert (heard.word.effective_at, heard.occurred_at, heard.received_at) == (minute(5), minute(5), world.at)
    assert heard.word.evidence == "STOP"


@pytest.mark.parametrize("seconds", [-2, 0, 0.4, 30])
def test_an_opt_out_whose_text_we_heard_is_held(world, lists, seconds):
    told(world.database, text("STOP", minute=5), now=minute(5))
    lists.opt_outs = [opt_out(created_at=minute(5) + timedelta(seconds=seconds))]

    assert reconciled(world) == HELD

    assert words(world) == [("opt_out", "webhook")]


def test_an_opt_out_after_a_start_we_heard_is_news(world, lists):
    told(world.database, text("STOP", minute=1), now=minute(1))
    told(world.database, text("START", minute=3), now=minute(3))
    registered(world.database, registration(1), now=minute(4))
    assert decided(world) == "none"
    lists.opt_outs = [opt_out(created_at=minute(10))]

    assert reconciled(world) == HEALED

    assert decided(world) == "requested"


def test_a_later_start_keeps_winning(world, lists):
    told(world.database, text("START", minute=20), now=minute(20))
    registered(world.database, registration(1), now=minute(21))
    lists.opt_outs = [opt_out(created_at=minute(10))]

    assert reconciled(world) == HEALED
    assert reconciled(world) == HELD

    assert decided(world) == "none"
    assert words(world) == [("opt_out", "telnyx_api"), ("opt_in", "webhook")]


def test_a_start_heard_after_the_opt_out_was_healed_wins(world, lists):
    registered(world.database, registration(1))
    lists.opt_outs = [opt_out(created_at=minute(10))]
    reconciled(world)
    assert decided(world) == "requested"

    told(world.database, text("START", minute=15), now=world.at)

    assert decided(world) == "withdrawn"


def test_an_opt_out_dated_days_ahead_does_not_outrank_the_words_that_follow(world, lists):
    lists.opt_outs = [opt_out(created_at=world.at + timedelta(days=3))]

    assert reconciled(world) == HEALED

    told(world.database, text("START", minute=70), now=minute(70))
    registered(world.database, registration(1), now=minute(71))
    assert decided(world) == "none"


def test_an_opt_out_from_another_profile_is_news(world, lists):
    told(world.database, text("STOP", minute=5), now=minute(5))
    lists.opt_outs = [opt_out(created_at=minute(5), profile=ELSEWHERE)]

    assert reconciled(world) == HEALED


def test_an_opt_out_without_profile_or_keyword_speaks_for_all_profiles(world, lists):
    registered(world.database, registration(1))
    lists.opt_outs = [opt_out(created_at=minute(5), profile=None, keyword=None)]

    assert reconciled(world) == HEALED

    assert decided(world) == "requested"


def test_an_opt_out_listed_for_several_of_our_numbers_counts_once(world, lists):
    lists.opt_outs = [opt_out(), {**opt_out(), "from": "+15557650901"}]

    assert reconciled(world) == HEALED


def test_where_telnyx_gives_no_whole_list_each_profile_is_asked_for(world, lists):
    registered(world.database, registration(1))
    lists.opt_outs = [opt_out(created_at=minute(5)), opt_out(to=BOB, profile=ELSEWHERE)]
    lists.broken["messaging_optouts"] = [Reply(400, {"errors": [{"code": "10015"}]})]

    assert reconciled(world) == HEALED

    assert profiles_asked(lists) == [None, PROFILE]
    assert decided(world) == "requested"


def test_where_telnyx_gives_the_whole_list_no_profile_is_asked_for(world, lists):
    registered(world.database, registration(1))
    lists.opt_outs = [opt_out(created_at=minute(5))]

    assert reconciled(world) == HEALED

    assert profiles_asked(lists) == [None]


def test_a_profile_that_is_refused_holds_up_no_other_and_is_asked_for_from_the_same_time_on(world, lists):
    told(world.database, text("STOP", sender=BOB, minute=1, profile=ELSEWHERE), now=minute(1))
    registered(world.database, registration(1))
    lists.opt_outs = [opt_out(created_at=minute(5), profile=ELSEWHERE)]
    lists.broken["messaging_optouts"] = [FORBIDDEN, FORBIDDEN]

    ran = world.reconciler.run()

    assert profiles_asked(lists) == [None, PROFILE, ELSEWHERE]
    assert ran.tallies[SourceName.OPT_OUTS] == HEALED
    (error,) = ran.errors
    assert error.startswith("Telnyx answers GET /messaging_optouts with 403")
    assert error.endswith("nor does it list those of 1 of 2 messaging profiles")
    lists.queries.clear()
    world.at += timedelta(hours=3)
    assert reconciled(world) == HELD
    (since,) = [query["created_at[gte]"] for name, query in lists.queries if name == "messaging_optouts"]
    assert since == (world.at - timedelta(days=1)).isoformat()


def test_a_listed_opt_out_governs_messages_registered_later(world, lists):
    lists.opt_outs = [opt_out(created_at=minute(5))]
    reconciled(world)

    registered(world.database, registration(1), now=world.at)

    assert decided(world) == "requested"
