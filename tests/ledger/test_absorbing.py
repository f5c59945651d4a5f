from datetime import timedelta

from core.campaigns import CarrierState
from ledger.absorbing import Heard, absorb
from ledger.balance import balance
from ledger.campaigning import CampaignChange, change
from ledger.reviewing import review
from tests.books import registered, reviewed, stories, told
from tests.reports import ALICE, BOB, NOW, RULES, carriers_say, registration, scheduled, status, text


def test_events_of_a_message_make_its_state(database):
    told(database, status(word="sent"), status(word="delivered", minute=1))
    (recipient,) = stories(database)["message"]["recipients"]
    assert recipient["status"] == "delivered"
    assert [entry["status"] for entry in stories(database)["timeline"]] == ["sent", "delivered"]


def test_event_of_a_message_that_was_never_registered_is_kept_as_foreign(database):
    told(database, status())
    shown = stories(database)["message"]
    assert shown["ledger"] is None
    assert shown["registered_at"] is None


def test_late_event_changes_nothing_and_is_marked_late(database):
    told(database, status(word="delivered", minute=1))
    told(database, status(word="sent"), now=NOW + timedelta(hours=9))
    assert stories(database)["message"]["recipients"][0]["status"] == "delivered"
    late = {entry["status"]: entry["late"] for entry in stories(database)["timeline"]}
    assert late == {"sent": True, "delivered": False}


def test_late_receipt_replaces_an_unconfirmed_delivery_in_either_order(database):
    told(database, status(1, "delivery_unconfirmed", minute=1), status(2, "delivered", minute=2))
    told(database, status(1, "delivered", minute=2), status(2, "delivery_unconfirmed", minute=1))
    assert [stories(database, number)["message"]["recipients"][0]["status"] for number in (1, 2)] == ["delivered"] * 2


def test_newer_of_two_certain_ends_stands(database):
    told(database, status(word="delivery_failed", minute=2), status(word="delivered", minute=1))
    assert stories(database)["message"]["recipients"][0]["status"] == "delivery_failed"


def test_group_message_has_a_status_for_each_recipient(database):
    told(database, status(word="delivered", to=(ALICE,)), status(word="delivery_failed", to=(BOB,)))
    statuses = {each["phone_number"]: each["status"] for each in stories(database)["message"]["recipients"]}
    assert statuses == {ALICE: "delivered", BOB: "delivery_failed"}


def test_opt_out_cancels_what_is_scheduled_for_the_recipient_and_nothing_else(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    told(database, text("STOP", event_id="stop-1"))
    decision = stories(database, 1)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("cancel", "opt_out", "stop-1")
    assert stories(database, 1)["cancellation"]["state"] == "requested"
    assert stories(database, 2)["cancellation"] is None
    assert [each["verdict"] for each in stories(database, 2)["decisions"]] == ["allow"]


def test_opt_in_withdraws_a_cancellation_that_has_not_been_asked_for(database):
    registered(database, registration())
    told(database, text("STOP"))
    told(database, text("START", minute=1), now=NOW + timedelta(minutes=1))
    assert stories(database)["cancellation"]["state"] == "withdrawn"
    assert stories(database)["message"]["ledger"] == "pending"


def test_opt_in_that_was_sent_before_the_opt_out_changes_nothing(database):
    registered(database, registration())
    told(database, text("STOP", minute=1))
    told(database, text("START"))
    assert stories(database)["cancellation"]["state"] == "requested"


def test_ordinary_text_decides_nothing(database):
    registered(database, registration())
    told(database, text("What time does it start?"))
    assert len(stories(database)["decisions"]) == 1
    assert stories(database)["cancellation"] is None


def test_sent_message_is_released(database):
    registered(database, registration())
    told(database, status(word="sent"))
    assert stories(database)["message"]["ledger"] == "released"


def test_message_sent_although_its_cancellation_was_ordered_is_a_breach(database):
    registered(database, registration())
    told(database, text("STOP"))
    told(database, status(word="sent"))
    shown = stories(database)
    assert (shown["message"]["ledger"], shown["cancellation"]["state"]) == ("breach", "too_late")


def test_suspended_registration_cancels_the_campaigns_messages(database):
    registered(database, registration(1, tcr_campaign_id="CSPRING"), registration(2, tcr_campaign_id="COTHER"))
    told(database, carriers_say(CarrierState.SUSPENDED, event_id="suspended-1"))
    assert reviewed(database) == 1
    assert stories(database, 1)["decisions"][-1]["event_id"] == "suspended-1"
    assert stories(database, 1)["cancellation"]["policy"] == "stale_campaign"
    assert stories(database, 2)["cancellation"] is None


def test_event_under_the_uuid_reaches_messages_under_the_tcr_id(database):
    uuid = "751c6a5c-0000-4000-8000-000000000001"
    registered(database, registration(tcr_campaign_id="CSPRING"))
    told(database, carriers_say(CarrierState.EXPIRED, campaign_id=uuid, telnyx_campaign_id=uuid))
    reviewed(database)
    assert stories(database)["cancellation"]["state"] == "requested"


def test_review_of_a_large_campaign_goes_on_where_it_stopped(database):
    registered(database, *(registration(number, campaign_key="sale") for number in range(1, 6)))
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(status="ended"), cause="api:1", now=NOW)
    decided = []
    for _ in range(4):
        with database.begin() as connection:
            decided.append(review(connection, RULES, now=NOW, limit=2))
    assert decided == [2, 2, 1, None]
    assert all(stories(database, number)["cancellation"] for number in range(1, 6))


def test_word_of_the_carriers_under_one_name_is_taken_back_under_the_other(database):
    uuid = "751c6a5c-0000-4000-8000-000000000001"
    registered(database, registration(tcr_campaign_id="CSPRING"))
    told(database, carriers_say(CarrierState.SUSPENDED, campaign_id=uuid, telnyx_campaign_id=uuid))
    told(database, carriers_say(CarrierState.ACTIVE, campaign_id="CSPRING", minute=1))
    reviewed(database)
    assert stories(database)["cancellation"] is None


def test_opt_out_that_came_in_time_counts_though_the_message_went_out_before_it_was_applied(database):
    registered(database, registration(send_at=NOW + timedelta(minutes=30)))
    with database.begin() as connection:
        batch = [Heard(text("STOP"), NOW), Heard(status(word="sent", minute=31), NOW + timedelta(minutes=31))]
        absorb(connection, batch, RULES, now=NOW + timedelta(minutes=32))
    shown = stories(database)["message"]
    assert (shown["ledger"], shown["breach_cause"]) == ("breach", "worker_late")


def test_reply_of_stop_to_a_message_that_was_sent_is_no_breach(database):
    registered(database, registration(send_at=NOW + timedelta(minutes=30)))
    with database.begin() as connection:
        absorb(connection, [Heard(text("STOP", minute=31), NOW + timedelta(minutes=31))], RULES, now=NOW)
    told(database, status(word="sent", minute=30), now=NOW + timedelta(minutes=32))
    assert stories(database)["message"]["ledger"] == "released"


def test_ledger_adds_up_whatever_happened(database):
    registered(database, *(registration(number, to=(ALICE if number % 2 else BOB,)) for number in range(1, 7)))
    told(database, text("STOP"))
    told(database, status(2, "sent", to=(BOB,)), status(3, "delivered"))
    with database.read() as connection:
        sums = balance(connection)
    assert (sums.registered, sums.pending, sums.cancelled, sums.released, sums.breach) == (6, 4, 0, 1, 1)


def test_registration_after_the_opt_out_is_cancelled_in_the_same_way(database):
    told(database, text("STOP", event_id="stop-1"))
    (answer,) = registered(database, registration(), now=NOW + timedelta(days=2))
    assert (answer.decision.verdict, answer.decision.event_id) == ("cancel", "stop-1")
    assert stories(database)["cancellation"]["state"] == "requested"


def test_message_that_was_registered_after_it_had_left_is_released(database):
    told(database, status(word="sent"))
    registered(database, registration())
    assert stories(database)["message"]["ledger"] == "released"
    assert stories(database)["message"]["recipients"][0]["status"] == "sent"


def test_message_that_was_registered_as_cancelled_is_closed_without_asking_telnyx(database):
    report = scheduled()
    cancelled = registration(addressees=tuple(type(each)(each.phone_number, "cancelled") for each in report.addressees))
    registered(database, cancelled)
    assert stories(database)["message"]["ledger"] == "cancelled"
    assert stories(database)["cancellation"] is None
