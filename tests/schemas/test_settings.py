import base64
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from core.errors import SettingsError
from core.failpoints import Failpoint, Fault, Plan
from schemas import variables
from schemas.settings import OnFailure, Settings

KEY = bytes(SigningKey(b"k" * 32).verify_key)
OTHER = bytes(SigningKey(b"o" * 32).verify_key)
PRIME = 2**255 - 19


def b64(raw):
    return base64.b64encode(raw).decode()


def refused(**environ):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(environ)
    assert len(str(refusal.value).splitlines()) == 1
    return str(refusal.value)


def test_nothing_set_gives_the_defaults():
    settings = Settings.from_env({})

    assert settings == Settings(
        telnyx_public_keys=(),
        telnyx_api_key=None,
        telnyx_base_url="https://api.telnyx.com/v2",
        database_url="sqlite:///var/rescind.db",
        redis_url=None,
        policies=None,
        api_token=None,
        tolerance=timedelta(seconds=300),
        cancel_rate=20,
        spool=Path("var/spool.db"),
        spool_max_events=1_000_000,
        spool_max_bytes=5_000_000_000,
        handover_url=None,
        handover_secret=None,
        reconcile_every=timedelta(minutes=5),
        passthrough_on_failure=OnFailure.REFUSE,
        passthrough_keys=frozenset(),
        failpoint=None,
    )


def test_everything_set_is_read():
    settings = Settings.from_env(
        {
            "TELNYX_PUBLIC_KEY": f"{b64(KEY)}, {b64(OTHER)}",
            "TELNYX_API_KEY": "KEY0123",
            "TELNYX_BASE_URL": "http://127.0.0.1:8100/v2/",
            "DATABASE_URL": "postgresql://u:p@db/rescind",
            "REDIS_URL": "rediss://:secret@redis.example.net:6379/0",
            "RESCIND_POLICIES": "/etc/rescind/policies.toml",
            "RESCIND_API_TOKEN": "0123456789abcdef",
            "RESCIND_TOLERANCE": " 60 ",
            "RESCIND_CANCEL_RATE": "1000",
            "RESCIND_SPOOL": "/srv/spool.db",
            "RESCIND_SPOOL_MAX_EVENTS": "1000",
            "RESCIND_SPOOL_MAX_MB": "20",
            "RESCIND_HANDOVER_URL": "https://primary.example.com/internal/handover",
            "RESCIND_HANDOVER_SECRET": "s" * 32,
            "RESCIND_RECONCILE_MINUTES": "0",
            "FAILPOINT": "I1:sleep=0.5",
            "PATH": "/bin",
        }
    )

    assert settings.telnyx_public_keys == (KEY, OTHER)
    assert settings.telnyx_api_key.reveal() == "KEY0123"
    assert settings.telnyx_base_url == "http://127.0.0.1:8100/v2"
    assert settings.database_url == "postgresql://u:p@db/rescind"
    assert settings.redis_url == "rediss://:secret@redis.example.net:6379/0"
    assert settings.policies == Path("/etc/rescind/policies.toml")
    assert settings.api_token.reveal() == "0123456789abcdef"
    assert (settings.tolerance, settings.cancel_rate) == (timedelta(seconds=60), 1000)
    assert (settings.spool, settings.spool_max_events, settings.spool_max_bytes) == (
        Path("/srv/spool.db"),
        1000,
        20_000_000,
    )
    assert settings.handover_url == "https://primary.example.com/internal/handover"
    assert settings.handover_secret.reveal() == "s" * 32
    assert settings.reconcile_every is None
    assert settings.failpoint == Plan(Failpoint.I1, Fault.SLEEP, 0.5)


def test_settings_shown_hold_no_secret():
    settings = Settings.from_env(
        {
            "TELNYX_API_KEY": "canary-canary-canary",
            "RESCIND_API_TOKEN": "canary-canary-canary",
            "DATABASE_URL": "postgresql://u:canary@db/rescind",
            "REDIS_URL": "redis://:canary@redis/0",
        }
    )

    assert "canary" not in repr(settings)
    assert "canary" not in str(settings)


def test_environment_of_the_process_is_read_when_none_is_given(monkeypatch):
    monkeypatch.setenv("RESCIND_CANCEL_RATE", "7")

    assert Settings.from_env().cancel_rate == 7


def test_environment_of_the_process_is_not_read_when_one_is_given(monkeypatch):
    monkeypatch.setenv("RESCIND_CANCEL_RATE", "7")

    assert Settings.from_env({}).cancel_rate == 20


@pytest.mark.parametrize("name", [variable.name for variable in variables.VARIABLES])
@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_variable_counts_as_unset(name, blank):
    assert Settings.from_env({name: blank}) == Settings.from_env({})


@pytest.mark.parametrize("environ", [{}, {"TELNYX_PUBLIC_KEY": ""}])
def test_required_variable_that_is_not_set_is_named(environ):
    with pytest.raises(SettingsError, match=r"^TELNYX_PUBLIC_KEY is not set; set it to the base64 Ed25519 public key"):
        Settings.from_env(environ, require={"TELNYX_PUBLIC_KEY"})


@pytest.mark.parametrize(
    ("environ", "names_it"),
    [
        pytest.param({}, True, id="neither is set"),
        pytest.param({"TELNYX_BASE_URL": "http://127.0.0.1:8100/v2"}, False, id="only the key is missing"),
    ],
)
def test_missing_key_tells_what_else_a_simulated_telnyx_takes(environ, names_it):
    with pytest.raises(SettingsError, match=r"^TELNYX_API_KEY is not set; set it to the API key") as refused:
        Settings.from_env(environ, require={"TELNYX_API_KEY"})

    assert ("set TELNYX_BASE_URL too, as `rescind simulate` prints it" in str(refused.value)) is names_it


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("KEY018F_canary", "is not base64 in key 1", id="an API key"),
        pytest.param(b64(KEY)[:-1], "is not base64 in key 1", id="cut"),
        pytest.param(b64(KEY)[:-2] + "B=", "is not base64 in key 1", id="another spelling of a key"),
        pytest.param(b64(KEY)[:10] + "\n" + b64(KEY)[10:], "is not base64 in key 1", id="wrapped"),
        pytest.param(base64.urlsafe_b64encode(b"\xff" * 32).decode(), "is not base64 in key 1", id="URL alphabet"),
        pytest.param(f"{b64(KEY)},", "is not base64 in key 2", id="trailing comma"),
        pytest.param(b64(b"x" * 31), "has 31 bytes in key 1", id="31 bytes"),
        pytest.param(f"{b64(KEY)},{b64(b'x' * 33)}", "has 33 bytes in key 2", id="33 bytes"),
        pytest.param(",".join(b64(bytes([n]) * 32) for n in range(1, 5)), "has 4 keys; give at most 3", id="four"),
        pytest.param(f"{b64(KEY)},{b64(KEY)}", "has the same key twice", id="twice"),
        pytest.param(b64(bytes(32)), "has a placeholder for key 1", id="zeros"),
        pytest.param(b64((1).to_bytes(32, "little")), "has a placeholder for key 1", id="identity"),
        pytest.param(b64((PRIME - 1).to_bytes(32, "little")), "has a placeholder for key 1", id="order 2"),
        pytest.param(b64((PRIME + 1).to_bytes(32, "little")), "has a placeholder for key 1", id="identity respelt"),
        pytest.param(
            b64(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")),
            "has a placeholder for key 1",
            id="order 8, sign set",
        ),
    ],
)
def test_wrong_public_key_is_refused_without_showing_it(value, reason):
    refusal = refused(TELNYX_PUBLIC_KEY=value)

    assert refusal.startswith(f"TELNYX_PUBLIC_KEY {reason}")
    assert value not in refusal


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TELNYX_BASE_URL", "ftp://api.telnyx.com/v2", "is no http(s) URL"),
        ("TELNYX_BASE_URL", "api.telnyx.com/v2", "is no http(s) URL"),
        ("TELNYX_BASE_URL", "https://", "is no http(s) URL"),
        ("TELNYX_BASE_URL", "http://api.telnyx.com/v2", "would send the API key unencrypted"),
        ("TELNYX_BASE_URL", "http://127.0.0.1.example.net/v2", "would send the API key unencrypted"),
        ("TELNYX_BASE_URL", "https://api.telnyx.com", "lacks the version; give https://api.telnyx.com/v2"),
        ("TELNYX_BASE_URL", "https://api.telnyx.com/v2?x=1", "has more than a host and a path"),
        ("TELNYX_BASE_URL", "https://[::1/v2", "is no URL"),
        ("TELNYX_BASE_URL", "http://localhost:99999/v2", "is no URL"),
        ("RESCIND_TOLERANCE", "0", "is out of range; give a whole number from 1 to 3600"),
        ("RESCIND_TOLERANCE", "3601", "is out of range; give a whole number from 1 to 3600"),
        ("RESCIND_TOLERANCE", "5m", "is not a whole number: seconds"),
        ("RESCIND_CANCEL_RATE", "1001", "is out of range; give a whole number from 1 to 1000"),
        ("RESCIND_CANCEL_RATE", "2.5", "is not a whole number"),
    ],
)
def test_wrong_value_is_refused_with_the_remedy(name, value, reason):
    assert refused(**{name: value}).startswith(f"{name}={value!r} {reason}")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TELNYX_API_KEY", "KEY canary", "has a blank"),
        ("TELNYX_API_KEY", "KEY\ncanary", "has a blank"),
        ("TELNYX_API_KEY", "KEY\N{EN DASH}canary", "has a blank or another character"),
        ("TELNYX_BASE_URL", "https://canary:canary@api.telnyx.com/v2", "has more than a host and a path"),
        ("RESCIND_API_TOKEN", "canary canary canary", "has a blank"),
        ("REDIS_URL", "http://:canary@127.0.0.1", "is no Redis URL"),
        ("REDIS_URL", "canary", "is no Redis URL"),
        ("REDIS_URL", "redis://canary.example.net:6379/0", "has no password for a server on another machine"),
        ("REDIS_URL", "rediss://canary@redis.example.net", "has no password"),
        ("REDIS_URL", "redis://:canary@localhost:port", "is no URL"),
    ],
)
def test_wrong_secret_is_refused_without_showing_it(name, value, reason):
    refusal = refused(**{name: value})

    assert refusal.startswith(f"{name} {reason}")
    assert "canary" not in refusal


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6379/0",
        "redis://127.0.0.1",
        "redis://[::1]:6379",
        "redis:///0",
        "unix:///run/valkey.sock",
        "redis://:pw@redis:6379",
        "rediss://user:pw@redis:6379/1",
        "redis://redis:6379?password=pw",
    ],
)
def test_redis_within_the_machine_or_with_a_password_is_taken(url):
    assert Settings.from_env({"REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("RESCIND_API_TOKN", "RESCIND_API_TOKN is unknown; did you mean 'RESCIND_API_TOKEN'?"),
        ("RESCIND_TOLERENCE", "RESCIND_TOLERENCE is unknown; did you mean 'RESCIND_TOLERANCE'?"),
        ("RESCIND_CANCLE_RATE", "RESCIND_CANCLE_RATE is unknown; did you mean 'RESCIND_CANCEL_RATE'?"),
    ],
)
def test_mistyped_variable_of_ours_is_refused(name, line):
    assert refused(**{name: "canary"}) == line


@pytest.mark.parametrize("name", ["RESCIND_CONSOLE_PASSWORD", "RESCIND_XYZ", "SOMEBODY_ELSES"])
def test_variable_that_resembles_none_of_ours_is_let_be(name):
    assert Settings.from_env({name: "x"}) == Settings.from_env({})


def test_everything_that_is_wrong_is_named_at_once():
    refusal = refused(RESCIND_TOLERANCE="x", RESCIND_CANCEL_RATE="0", RESCIND_TOLERENCE="1")

    assert [line.split("=")[0].split(" ")[0] for line in refusal.split(" | ")] == [
        "RESCIND_TOLERENCE",
        "RESCIND_TOLERANCE",
        "RESCIND_CANCEL_RATE",
    ]


@given(value=st.text(), name=st.sampled_from([variable.name for variable in variables.VARIABLES]))
def test_any_text_is_read_or_refused_in_one_line(name, value):
    try:
        Settings.from_env({name: value})
    except SettingsError as error:
        refusal = str(error)
    else:
        refusal = name

    assert refusal.startswith(name)
    assert refusal.isprintable()
