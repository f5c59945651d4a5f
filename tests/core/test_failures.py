"""What each of Telnyx's codes says, as a table."""

import pytest

from core import failures
from core.failures import Certainty, FailureClass

R, S, C, K, A, P, T = "recipient", "sender", "content", "campaign", "account", "pair", "transient"


@pytest.mark.parametrize(
    ("code", "about", "is_permanent"),
    [
        ("40001", R, True),
        ("40002", C, False),
        ("40003", S, True),
        ("40004", T, False),
        ("40005", T, False),
        ("40006", T, False),
        ("40007", C, True),
        ("40008", T, False),
        ("40009", C, True),
        ("40010", K, True),
        ("40011", S, False),
        ("40012", R, True),
        ("40013", S, True),
        ("40014", S, False),
        ("40015", C, True),
        ("40016", K, False),
        ("40017", C, False),
        ("40018", K, False),
        ("40019", K, True),
        ("40020", C, False),
        ("40100", S, True),
        ("40150", S, True),
        ("40159", S, True),
        ("40300", "consent", True),
        ("40301", P, True),
        ("40302", C, True),
        ("40304", C, True),
        ("40305", S, True),
        ("40306", S, True),
        ("40307", S, True),
        ("40308", S, True),
        ("40309", P, True),
        ("40310", R, True),
        ("40312", A, True),
        ("40313", A, True),
        ("40314", A, True),
        ("40315", S, False),
        ("40316", C, True),
        ("40317", C, True),
        ("40318", S, False),
        ("40319", P, True),
        ("40320", S, False),
        ("40321", S, False),
        ("40322", C, True),
        ("40325", S, True),
        ("40328", C, True),
        ("40329", S, True),
        ("40330", S, True),
        ("40331", P, True),
        ("40333", A, False),
        ("47000", K, True),
        ("40160", T, False),
        ("40303", T, False),
        ("99999", T, False),
        ("", T, False),
        (None, T, False),
    ],
)
def test_code_says_who_is_at_fault_and_whether_it_passes(code, about, is_permanent):
    failure = failures.of(code)
    assert (failure.code, failure.about, failure.is_permanent) == (code, about, is_permanent)


def test_unknown_code_is_nobodys_fault_and_named_unknown():
    assert failures.of("99999").certainty is Certainty.UNKNOWN
    assert failures.of("99999").title == "Unknown"


def test_each_known_code_is_titled_and_has_its_certainty():
    assert all(failure.title and failure.certainty is not Certainty.UNKNOWN for failure in failures.TABLE.values())
    assert all(code == failure.code for code, failure in failures.TABLE.items())


@pytest.mark.parametrize(
    ("code", "certainty"),
    [("40001", "documented"), ("40012", "inferred"), ("40300", "disputed"), ("47000", "disputed")],
)
def test_what_telnyx_does_not_say_is_not_called_documented(code, certainty):
    assert failures.of(code).certainty == certainty


def test_codes_of_senders_are_those_for_which_a_queue_is_kept_back():
    held = {FailureClass.SENDER, FailureClass.CAMPAIGN, FailureClass.ACCOUNT}
    assert {code for code in failures.TABLE if failures.of(code).about in held} == failures.OF_SENDERS
    assert {"40312", "40314", "40315", "40320", "40329", "40010"} <= failures.OF_SENDERS
    assert failures.OF_SENDERS.isdisjoint({"40001", "40012", "40310", "40300", "40008", "40015", "40309"})


KNOWN, OTHER = {"code": "40012", "title": "Invalid number"}, {"code": "99999", "title": "Something new"}


@pytest.mark.parametrize(
    ("errors", "code", "title"),
    [
        ([], None, None),
        ([KNOWN], "40012", "Invalid number"),
        ([OTHER], "99999", "Something new"),
        ([OTHER, KNOWN], "40012", "Invalid number"),
        ([KNOWN, {"code": "40001", "title": "later"}], "40012", "Invalid number"),
        ([OTHER, {"code": "88888", "title": "later"}], "99999", "Something new"),
        (["40012", None, 40012, KNOWN], "40012", "Invalid number"),
        ([{"title": "no code"}, KNOWN], "40012", "Invalid number"),
        ([{"title": "no code"}], None, None),
        ([{"code": 40012, "title": "a number"}], None, None),
        ([{"code": "4" * 16, "title": "long"}], "4" * 16, "long"),
        ([{"code": "4" * 17, "title": "too long"}], None, None),
        ([{"code": "40012"}], "40012", None),
        ([{"code": "40012", "title": ["no", "text"]}], "40012", None),
    ],
)
def test_error_that_says_most_is_the_first_that_is_known_or_else_the_first_with_a_code(errors, code, title):
    assert failures.speaking(errors) == (code, title)


def test_code_that_nobody_knows_is_nobodys_fault_and_may_pass():
    for code in ("99999", None):
        unknown = failures.of(code)
        assert (unknown.code, unknown.title, unknown.about, unknown.is_permanent, unknown.certainty) == (
            code,
            "Unknown",
            FailureClass.TRANSIENT,
            False,
            Certainty.UNKNOWN,
        )
