import pytest

from core.errors import SettingsError
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("RESCIND_HANDOVER_URL", "primary.example.com", "is no http(s) URL"),
        ("RESCIND_HANDOVER_URL", "http://primary.example.com/internal/handover", "unencrypted"),
        ("RESCIND_HANDOVER_URL", "https://primary.example.com", "does not end in /internal/handover"),
        ("RESCIND_HANDOVER_URL", "https://u:canary@primary.example.com/internal/handover", "more than a host"),
        ("RESCIND_HANDOVER_URL", f"https://{'a' * 64}.example.com/internal/handover", "no name server knows"),
        ("RESCIND_HANDOVER_URL", "https://é..x/internal/handover", "no name server knows"),
        ("RESCIND_HANDOVER_URL", "https://h h/internal/handover", "no name server knows"),
        ("RESCIND_HANDOVER_SECRET", "\udcff" * 40, "that no HTTP header can carry"),
        ("RESCIND_SPOOL", ":memory:", "is no file"),
        ("RESCIND_SPOOL", "sqlite:///var/spool.db", "is no file"),
        ("RESCIND_SPOOL", f"/srv/{'a' * 300}", "has a name of more than 255 bytes"),
        ("RESCIND_RECONCILE_MINUTES", "often", "is not a whole number: how often"),
        ("RESCIND_HANDOVER_SECRET", "canary" * 5, "is shorter than 32 characters"),
        ("RESCIND_SPOOL_MAX_EVENTS", "0", "give a whole number from 1"),
        ("RESCIND_SPOOL_MAX_MB", "1", "give a whole number from 8"),
        ("RESCIND_RECONCILE_MINUTES", "-1", "give a whole number from 0"),
        ("FAILPOINT", "X9:kill", "is no failpoint"),
        ("FAILPOINT", "I1:explode", "is no failpoint"),
        ("FAILPOINT", "I1:sleep", "sleeps for no time"),
        ("FAILPOINT", "I1:kill=3", "sleeps for no time"),
        ("FAILPOINT", "I1:sleep=nan", "sleeps for no time"),
    ],
)
def test_setting_of_recovery_that_cannot_work_is_refused(name, value, reason):
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({name: value})

    refusal = str(refused.value)
    assert len(refusal.splitlines()) == 1
    assert refusal.startswith(name)
    assert reason in refusal
    assert "canary" not in refusal


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "10.0.0.5", "[fd00::1]:80"])
def test_handover_within_a_private_network_needs_no_encryption(host):
    url = f"http://{host}/internal/handover"

    assert Settings.from_env({"RESCIND_HANDOVER_URL": url}).handover_url == url
