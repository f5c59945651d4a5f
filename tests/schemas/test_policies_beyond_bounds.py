"""Files that no reader of TOML, or no database, was made for: each is refused in a line, and soon."""

from __future__ import annotations

import time

import pytest

from core.errors import SettingsError
from core.policies import catalogue
from schemas import policies
from schemas.policy_settings import listed


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes policies.toml in the working folder and returns its path."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        policies.FILE.write_text(text)
        return policies.FILE

    return write


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            "[anomaly]\nopt_outs = inf\n",
            "policies.toml line 2: anomaly.opt_outs is inf; write a number from 0",
            id="without end",
        ),
        pytest.param(
            f"[anomaly]\nopt_outs = 0x{'f' * 30}\n",
            "policies.toml line 2: anomaly.opt_outs is 1329227995784915872903807060280344575; write a number from 0",
            id="more than a database takes",
        ),
        pytest.param(
            '[budget]\ncurrency = "US\\u0000"\n',
            r"policies.toml line 2: budget.currency is 'US\x00'; write a text in quotes",
            id="a character that no database takes",
        ),
        pytest.param(
            f'[opt_out]\nmode = "{"off" * 1000}"\n',
            f"policies.toml line 2: opt_out.mode is '{('off' * 1000)[:47]}...{('off' * 1000)[-48:]}';"
            " use 'enforce', 'shadow' or 'off'",
            id="a long text",
        ),
        pytest.param(f'"{"mode" * 1000}" = 1\n', f"policies.toml line 1: {('mode' * 1000)[:492]}…", id="a long key"),
        pytest.param(
            '"a\\nb" = 1\n[opt_out]\nmode = 1\n',
            f"policies.toml line 1: a b is unknown; known are {listed(catalogue.known(), 'and')};"
            " or install the package that brings it, and start again what was running before (and 1 more)",
            id="a key of two lines",
        ),
        pytest.param(
            f"a{'.a' * 20_000} = 1\n",
            "policies.toml line 1: is nested more than 10 deep; no policy's settings are",
            id="a key of many parts",
        ),
        pytest.param(
            f"# {'[' * 20} {'1' * 2000}\na = '''\n'''\nopt_out = {'{a = ' * 2000}\n",
            "policies.toml line 4: is nested more than 10 deep; no policy's settings are",
            id="deep",
        ),
        pytest.param(
            f"[budget]\ndaily = {'9' * 5000}\n",
            "policies.toml line 2: holds a number or key of 1,000 characters or more; no policy has one",
            id="a long number",
        ),
        pytest.param(
            "a" * (policies.LARGEST + 1), "policies.toml is larger than 256 KiB; is it the right file?", id="large"
        ),
    ],
)
def test_file_beyond_all_bounds_is_refused_with_line_and_remedy(written, text, line):
    with pytest.raises(SettingsError) as refused:
        policies.load(written(text))
    assert str(refused.value) == line


def test_place_is_told_however_a_file_is_written(written):
    path = written(
        'a = 1 # [ { """\n'
        '[opt_out] # "\n'
        "exempt = [ # ]\n"
        '  \'otp\', "]", """\n'
        ']""\\"""",\n'
        "]\n"
        "mode = '''\n"
        "['''\n"
        '[ "stale_campaign" ]\n'
        "mode = 4\n"
        'x = "\\"[\'"\n'
        "[[duplicate]]\n"
        "exempt = 2\n"
    )
    with pytest.raises(policies.PoliciesInvalid) as refused:
        policies.load(path)
    assert [problem.split(" is ")[0] for problem in refused.value.problems] == [
        "line 1: a",
        "line 3: opt_out.exempt",
        "line 7: opt_out.mode",
        "line 10: stale_campaign.mode",
        "line 11: stale_campaign.x",
        "line 12: duplicate",
    ]


def test_thousands_of_errors_are_told_in_no_time(written):
    path = written("[opt_out]\n" + "\n".join(f"mode{number} = 1" for number in range(15_000)))

    begun = time.process_time()
    with pytest.raises(SettingsError) as refused:
        policies.load(path)

    assert str(refused.value) == "policies.toml line 2: opt_out.mode0 is unknown; did you mean 'mode'? (and 14999 more)"
    assert time.process_time() - begun < 10
