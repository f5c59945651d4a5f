import dataclasses
import os
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.consent import ConsentScope
from core.deciding import Mode
from core.errors import SettingsError
from core.facts import MessageClass
from core.policies import catalogue, opt_out, stale_campaign
from schemas import policies
from schemas.policy_described import described

DEFAULTS = {name: policy.Settings() for name, policy in catalogue.known().items()}
SHIPPED = Path(__file__).parents[2] / "policies.toml"


INSTALL = "install the package that brings it, and start again what was running before"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes policies.toml in the working folder and returns its path."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        path = Path("policies.toml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(path):
    with pytest.raises(SettingsError) as refused:
        policies.load(path)
    return str(refused.value)


def test_shipped_file_holds_the_defaults():
    assert policies.load(SHIPPED) == DEFAULTS


def test_commented_settings_of_the_shipped_file_are_readable(written):
    lines, count = re.subn(r"(?m)^# (?=\w+ = )", "", SHIPPED.read_text())

    assert count >= 1
    assert policies.load(written(lines))["stale_campaign"].max_age == timedelta(days=3)


def test_shipped_file_names_every_policy_with_every_setting_in_their_order():
    named = re.findall(r"(?m)^(?:# )?(\[\w+\]|\w+(?= = ))", SHIPPED.read_text())

    assert named == [
        name
        for policy, settings in DEFAULTS.items()
        for name in (f"[{policy}]", *(field.name for field in dataclasses.fields(settings)))
    ]


def test_every_setting_says_what_it_is_for():
    every = {policy: described(settings) for policy, settings in DEFAULTS.items()}

    assert [(policy, each.key) for policy, told in every.items() for each in told if not each.meaning] == []


def test_without_any_file_all_is_as_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert policies.load(None) == DEFAULTS


def test_file_in_the_working_folder_is_read_when_none_is_named(written):
    written('[opt_out]\nmode = "shadow"\n')
    assert policies.load(None)["opt_out"].mode is Mode.SHADOW


@pytest.mark.parametrize("name", ["mine.toml", "policies.toml"])
def test_named_file_has_to_exist(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert refusal(Path(name)).startswith(f"{name} does not exist")


def test_everything_set_is_read(written):
    path = written(
        '[opt_out]\nmode = "shadow"\nscope = "profile"\nexempt = ["otp", "transactional"]\n'
        '[stale_campaign]\nmode = "off"\nmax_age = "36h"\nexempt = ["otp"]\n'
    )

    assert policies.load(path) == DEFAULTS | {
        "opt_out": opt_out.Settings(
            mode=Mode.SHADOW,
            scope=ConsentScope.PROFILE,
            exempt=frozenset({MessageClass.OTP, MessageClass.TRANSACTIONAL}),
        ),
        "stale_campaign": stale_campaign.Settings(
            mode=Mode.OFF, max_age=timedelta(hours=36), exempt=frozenset({MessageClass.OTP})
        ),
    }


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "[opt_out]\n", "\ufeff[opt_out]\r\nmode = 'enforce'\r\n"])
def test_what_the_file_does_not_name_is_as_by_default(written, text):
    assert policies.load(written(text)) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            '# a\n\n[stale_campaign]\nmode = "off"\n\n[opt_out]\nscpoe = "all"\n',
            "policies.toml line 7: opt_out.scpoe is unknown; did you mean 'scope'?",
            id="misspelt key",
        ),
        pytest.param(
            "[optout]\n",
            f"policies.toml line 1: optout is unknown; did you mean 'opt_out'? Or {INSTALL}",
            id="misspelt table",
        ),
        pytest.param(
            "[expired]\nzzz = 1\n",
            "policies.toml line 2: expired.zzz is unknown; known are 'mode', 'on_unknown' and 'exempt'",
            id="nothing like it",
        ),
        pytest.param(
            '[opt_out]\nmode = "enforced"\n',
            "policies.toml line 2: opt_out.mode is 'enforced'; use 'enforce', 'shadow' or 'off'",
            id="wrong word",
        ),
        pytest.param(
            "[opt_out]\nmode = true\n",
            "policies.toml line 2: opt_out.mode is True; use 'enforce', 'shadow' or 'off'",
            id="no word",
        ),
        pytest.param(
            'opt_out.scope = "account"\n',
            "policies.toml line 1: opt_out.scope is 'account'; use 'all' or 'profile'",
            id="dotted key",
        ),
        pytest.param(
            'opt_out = {scope = "x"}',
            "policies.toml line 1: opt_out.scope is 'x'; use 'all' or 'profile'",
            id="inline table",
        ),
        pytest.param(
            '[opt_out]\nmode = "off"\nexempt = [\n  "otp",\n  "opt",\n]\n',
            "policies.toml line 3: opt_out.exempt is ['otp', 'opt'];"
            " list any of 'marketing', 'transactional', 'otp' and 'compliance' in brackets",
            id="list over several lines",
        ),
        pytest.param(
            '[opt_out]\nexempt = "otp"\n',
            "policies.toml line 2: opt_out.exempt is 'otp';"
            " list any of 'marketing', 'transactional', 'otp' and 'compliance' in brackets",
            id="no list",
        ),
        pytest.param("opt_out = 3\n", "policies.toml line 1: opt_out is not a table", id="no table"),
        pytest.param("[[opt_out]]\n", "policies.toml line 1: opt_out is not a table", id="array of tables"),
        pytest.param(
            '[stale_campaign]\nmax_age = "three days"\n',
            "policies.toml line 2: stale_campaign.max_age is 'three days';"
            " write a number and a unit, such as '3d', '36h', '90m' or '45s'",
            id="no duration",
        ),
        pytest.param(
            "[stale_campaign]\nmax_age = 3\n",
            "policies.toml line 2: stale_campaign.max_age is 3;"
            " write a number and a unit, such as '3d', '36h', '90m' or '45s'",
            id="no unit",
        ),
        pytest.param(
            '[stale_campaign]\nmax_age = "0d"\n',
            "policies.toml line 2: stale_campaign.max_age is '0d';"
            " it must be longer than nothing and not longer than 365d",
            id="nothing",
        ),
        pytest.param(
            '[stale_campaign]\nmax_age = "999999999d"\n',
            "policies.toml line 2: stale_campaign.max_age is '999999999d';"
            " it must be longer than nothing and not longer than 365d",
            id="beyond all bounds",
        ),
        pytest.param(
            '[expired]\nnote = """\nmode = 2\n"""\n',
            "policies.toml line 2: expired.note is unknown; known are 'mode', 'on_unknown' and 'exempt'",
            id="text over several lines",
        ),
        pytest.param(b"[opt_out]\n\xff", "policies.toml is not UTF-8 at byte 10; save it as UTF-8", id="not UTF-8"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused_with_line_key_and_remedy(written, text, line):
    assert refusal(written(text)) == line


@pytest.mark.parametrize(
    ("text", "place"),
    [("[opt_out\n", "line 1, column 9"), ("mode =\n", "line 1, column 7"), ("a = 1\nb", "line 2, column 2")],
)
def test_what_is_no_toml_is_refused_with_line_and_column(written, text, place):
    assert refusal(written(text)).startswith(f"policies.toml {place}: ")


def test_first_of_several_errors_by_line_is_shown_and_the_others_counted(written):
    path = written('[stale_campaign]\nmax_age = 3\nmodus = "off"\n[opt_out]\nmode = "on"\n')

    assert refusal(path) == (
        "policies.toml line 2: stale_campaign.max_age is 3;"
        " write a number and a unit, such as '3d', '36h', '90m' or '45s' (and 2 more)"
    )


def test_what_is_no_file_is_refused_at_once(tmp_path):
    put_another = "put a file there that may be read, or name another in RESCIND_POLICIES"
    assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory; {put_another}"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == f"{tmp_path}/pipe is no regular file; {put_another}"
    assert refusal(Path("/dev/zero")) == f"/dev/zero is no regular file; {put_another}"


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("3d", timedelta(days=3)),
        ("36h", timedelta(hours=36)),
        ("90m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
    ],
)
def test_duration_is_a_number_and_a_unit(written, text, duration):
    path = written(f'[stale_campaign]\nmax_age = "{text}"\n')

    assert policies.load(path)["stale_campaign"].max_age == duration


def test_settings_that_contradict_each_other_are_refused_at_their_table(written):
    path = written('[opt_out]\nmode = "off"\n\n[quiet_hours]\nopens = "22:00"\n')

    assert refusal(path) == (
        "policies.toml line 4: quiet_hours: from 22:00 to 21:00 nothing could be sent; 'opens' must be before 'closes'"
    )


def test_all_errors_are_kept_beside_the_first(written):
    path = written('[opt_out]\nmode = "on"\n[optout]\n')
    with pytest.raises(policies.PoliciesInvalid) as refused:
        policies.load(path)
    assert refused.value.problems == (
        "line 2: opt_out.mode is 'on'; use 'enforce', 'shadow' or 'off'",
        f"line 3: optout is unknown; did you mean 'opt_out'? Or {INSTALL}",
    )


@pytest.mark.parametrize(
    "amount", ["1E+400", "\u0665", "0", "0.00", "-1", "1_000", "inf", "1,50", " 5", "9" * 10, "0.1234567"]
)
def test_amount_is_plain_digits(written, amount):
    line = f"policies.toml line 2: budget.daily is '{amount}'; write an amount in quotes, such as '12.50'"
    assert refusal(written(f'[budget]\ndaily = "{amount}"\n')) == line
    assert policies.load(written('[budget]\ndaily = "999999999.999999"\n'))["budget"].daily == Decimal(
        "999999999.999999"
    )


@pytest.mark.parametrize("currency", ["usd", "dollars", "US", "USDT", "U5D", "ÜSD"])
def test_currency_that_no_cost_is_told_in_is_refused(written, currency):
    line = f"policies.toml line 1: budget: currency is '{currency}'; write three capital letters, such as 'USD'"
    assert refusal(written(f'[budget]\ncurrency = "{currency}"\n')) == line
    assert policies.load(written('[budget]\ncurrency = "EUR"\n'))["budget"].currency == "EUR"
