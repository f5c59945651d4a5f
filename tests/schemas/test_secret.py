import copy
import pickle

import pytest

from schemas.secret import Secret


def test_secret_shows_itself_only_when_asked_by_name():
    secret = Secret("hunter2-hunter2")

    assert secret.reveal() == "hunter2-hunter2"
    assert {str(secret), repr(secret), f"{secret}", f"{[secret]}"} == {"***", "[***]"}


def test_secrets_of_the_same_value_are_equal():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_secret_does_not_travel():
    for send in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="a secret cannot be pickled"):
            send(Secret("a"))
