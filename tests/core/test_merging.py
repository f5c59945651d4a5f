from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from core import merging

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

reports = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 9)), max_size=4),
        st.integers(0, 10),
        st.integers(0, 3),
    ),
    max_size=6,
)


def stamped(drawn):
    """Every report has a source of its own, so no two stamps are equal."""
    return [
        (told, merging.stamp(rank, NOON + timedelta(minutes=minute), f"event-{index}"))
        for index, (told, rank, minute) in enumerate(drawn)
    ]


def fold(told):
    fields = {}
    for values, stamp in told:
        fields = merging.join(fields, values, stamp)
    return fields


@given(reports, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_reports_gives_the_same_fields(drawn, random):
    told = stamped(drawn)
    shuffled = told + random.choices(told, k=3) if told else []
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(told)


def test_report_that_says_nothing_of_a_field_does_not_erase_it():
    fields = merging.join({}, {"parts": 2, "text": "hello"}, merging.stamp(0, NOON, "a"))
    fields = merging.join(fields, {"parts": None, "text": "bye"}, merging.stamp(5, NOON, "b"))
    assert merging.values(fields) == {"parts": 2, "text": "bye"}


def test_higher_rank_outranks_a_later_time():
    fields = merging.join({}, {"cost": "0.0051"}, merging.stamp(9, NOON, "finalized"))
    fields = merging.join(fields, {"cost": "0.0"}, merging.stamp(5, NOON + timedelta(hours=9), "sent"))
    assert merging.values(fields) == {"cost": "0.0051"}


def test_equal_instants_make_equal_stamps_whatever_their_offset():
    kolkata = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert merging.stamp(3, NOON, "x") == merging.stamp(3, kolkata, "x")


def test_stamp_gives_its_rank_back():
    assert merging.rank_in(merging.stamp(10, NOON, "x")) == 10


def test_stamp_gives_back_what_it_was_made_of():
    at = datetime(2026, 5, 1, 14, 0, 0, 250, tzinfo=timezone(timedelta(hours=2)))
    made = merging.stamp(7, at, "an|event")
    assert made == "07|2026-05-01T12:00:00.000250+00:00|an|event"
    assert (merging.rank_in(made), merging.time_in(made), merging.source_in(made)) == (7, at, "an|event")
