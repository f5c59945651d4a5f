from core import errors
from core.errors import NotFound, ProcessorError, RulesUnavailable, StoreUnavailable

EVERY = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ProcessorError)]


def test_error_says_what_it_was_given_or_else_what_it_is():
    assert str(NotFound("no message 7 is known")) == "no message 7 is known"
    assert str(NotFound()) == "There is nothing by that name."


def test_every_error_has_a_code_of_its_own_and_what_may_come_back_is_worth_another_try():
    assert len({each.code for each in EVERY}) == len(EVERY)
    assert [each for each in EVERY if each.retryable] == [RulesUnavailable, StoreUnavailable]
