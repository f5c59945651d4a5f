import hashlib

import pytest

from core.errors import SettingsError
from schemas.settings import OnFailure, Settings

DIGEST = hashlib.sha256(b"KEY0123").hexdigest()
OTHER = hashlib.sha256(b"KEY4567").hexdigest()


def test_what_passes_through_is_read():
    settings = Settings.from_env(
        {"RESCIND_PASSTHROUGH_ON_FAILURE": "forward", "RESCIND_PASSTHROUGH_KEYS": f"{DIGEST}, {OTHER.upper()}"}
    )

    assert settings.passthrough_on_failure is OnFailure.FORWARD
    assert settings.passthrough_keys == {DIGEST, OTHER}


@pytest.mark.parametrize("key", ["KEY0123", DIGEST[:-1], f"{DIGEST},KEY0123", f"{DIGEST}  -"])
def test_a_key_instead_of_its_digest_is_refused_and_not_repeated(key):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env({"RESCIND_PASSTHROUGH_KEYS": key})

    assert "the 64 digits that sha256sum prints for the bare key, and not the dash" in str(refusal.value)
    assert " | " not in str(refusal.value)
    assert "KEY0123" not in str(refusal.value)


def test_a_list_without_a_key_is_refused_rather_than_letting_all_in():
    with pytest.raises(SettingsError, match="names no key"):
        Settings.from_env({"RESCIND_PASSTHROUGH_KEYS": " , "})


def test_another_answer_to_failure_is_refused():
    with pytest.raises(SettingsError, match="give 'refuse' or 'forward'"):
        Settings.from_env({"RESCIND_PASSTHROUGH_ON_FAILURE": "maybe"})
