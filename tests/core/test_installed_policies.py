"""What is made of the mistakes of policies that others bring."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import pytest

from core.deciding import Act, Mode, Verdict
from core.errors import SettingsError
from core.facts import Need, Reach
from core.policies import catalogue, installed
from core.policies.installed import Guarded
from tests.policy_cases import ALICE, facts

HEAD = """
from dataclasses import dataclass
from datetime import timedelta
from core.deciding import Act, Mode, Verdict
from core.facts import Need, Reach
NAME, PRIORITY, SOURCE = "theirs", 1, "practice"
"""
SETTINGS = """
@dataclass(frozen=True)
class Settings:
    mode: Mode = Mode.ENFORCE
    exempt: frozenset[str] = frozenset()
"""
JUDGE = """
def judge(facts, settings):
    return Verdict(Act.ALLOW, NAME, "fine")
"""


@pytest.fixture
def entry(tmp_path, monkeypatch, request):
    """A function that writes a module and returns the entry point that names it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text, *, name="theirs"):
        module = f"theirs_{abs(hash(request.node.name))}"
        (tmp_path / f"{module}.py").write_text(text)
        return EntryPoint(name, module, installed.ENTRY_POINTS)

    return write


def test_installed_policy_is_asked_after_ours(entry):
    found = catalogue.with_installed([entry(HEAD + SETTINGS + JUDGE + "\nneeds = lambda settings: {}\n")])
    assert list(found)[-1] == "theirs"
    assert set(found) == {*catalogue.known(), "theirs"}
    rules = catalogue.rules_among(found, {})
    assert rules.every[-1].ask(facts()) == Verdict(Act.ALLOW, "theirs", "fine")
    assert "theirs" in rules.settings
    assert rules.digest != catalogue.rules().digest


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        pytest.param("import nothing_there", "theirs", "cannot be loaded: ModuleNotFoundError", id="broken import"),
        pytest.param("1 +", "theirs", "cannot be loaded: SyntaxError", id="no Python"),
        pytest.param("def f(\n):\n raise\n\x00", "theirs", "cannot be loaded", id="no text"),
        pytest.param(HEAD + JUDGE, "theirs", "has no Settings; a policy has them all", id="no settings"),
        pytest.param("", "theirs", "has no NAME and no PRIORITY and no SOURCE and no Settings and no judge", id="bare"),
        pytest.param(HEAD + SETTINGS + JUDGE, "others", "calls itself 'theirs'; both names must", id="another name"),
        pytest.param(HEAD + SETTINGS + JUDGE, "opt_out", "there is a policy 'opt_out' already", id="one of ours"),
        pytest.param(HEAD + SETTINGS + JUDGE, "hold", "there is a policy 'hold' already", id="the gates"),
        pytest.param(
            HEAD + SETTINGS + JUDGE + "PRIORITY = '1'\n", "theirs", "PRIORITY must be a whole number", id="priority"
        ),
        pytest.param(
            HEAD + SETTINGS.replace("frozen=True", "") + JUDGE, "theirs", "must be a frozen dataclass", id="not frozen"
        ),
        pytest.param(
            HEAD + "class Settings: pass\n" + JUDGE, "theirs", "must be a frozen dataclass", id="no dataclass"
        ),
        pytest.param(
            HEAD + SETTINGS.replace(" = Mode.ENFORCE", "") + JUDGE,
            "theirs",
            "have no defaults: TypeError",
            id="default",
        ),
        pytest.param(HEAD + SETTINGS.replace("exempt", "spared") + JUDGE, "theirs", "must have a mode", id="no exempt"),
        pytest.param(
            HEAD + SETTINGS + JUDGE + "needs = lambda settings: 1 / 0\n",
            "theirs",
            "cannot say what it needs: ZeroDivisionError",
            id="needs fails",
        ),
        pytest.param(
            HEAD + SETTINGS + JUDGE + "needs = lambda settings: {Need.TRAFFIC: 3}\n",
            "theirs",
            "must return a Reach for each Need",
            id="needs nonsense",
        ),
    ],
)
def test_package_that_brings_no_policy_is_refused_in_one_line(entry, text, name, told):
    with pytest.raises(SettingsError) as refused:
        catalogue.with_installed([entry(text, name=name)])
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert name in str(refused.value)


def test_two_packages_with_one_name_are_refused(entry):
    one = entry(HEAD + SETTINGS + JUDGE)
    with pytest.raises(SettingsError, match="there is a policy 'theirs' already"):
        catalogue.with_installed([one, one])


def test_what_a_policy_needs_is_taken_from_its_settings(entry):
    text = HEAD + SETTINGS + JUDGE + "needs = lambda settings: {Need.TRAFFIC: Reach(timedelta(days=1))}\n"
    rules = catalogue.rules_among(catalogue.with_installed([entry(text)]), {})
    assert {type(reach) for reach in rules.needs[Need.TRAFFIC]} == {Reach}


NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(None, "it answered NoneType, not a Verdict", id="nothing"),
        pytest.param(True, "it answered bool, not a Verdict", id="a truth value"),
        pytest.param(Verdict("cancel", "theirs", "so"), "its verdict has no Act", id="a word"),
        pytest.param(Verdict(Act.CANCEL, "hold", "so"), "in the name of 'hold'", id="another's name"),
        pytest.param(Verdict(Act.CANCEL, "theirs", ""), "gives no reason", id="no reason"),
        pytest.param(Verdict(Act.CANCEL, "theirs", None), "gives no reason", id="None for a reason"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", {"at": NOW}), "no JSON values", id="a time among facts"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", {"x": float("nan")}), "no JSON values", id="no number"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", {"x": "\0"}), "no JSON values", id="a zero character"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", [1]), "no JSON values", id="a list of facts"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", event_id="e" * 256), "no id of an event", id="a long id"),
        pytest.param(Verdict(Act.CANCEL, "theirs", "so", event_id=7), "no id of an event", id="a number for an id"),
        pytest.param(Verdict(Act.ALLOW, "theirs", "so", until=NOW.replace(tzinfo=None)), "time zone", id="naive until"),
        pytest.param(Verdict(Act.ALLOW, "theirs", "so", since="today"), "time zone", id="a word for a time"),
        pytest.param(Verdict(Act.HOLD, "theirs", "so", known_at="yesterday"), "time zone", id="a word for when known"),
        pytest.param(Verdict(Act.HOLD, "theirs", "s\0"), "no text", id="a zero character in the reason"),
        pytest.param(Verdict(Act.HOLD, "theirs", "s\ud800"), "no text", id="half a character in the reason"),
        pytest.param(Verdict(Act.HOLD, "theirs", "so", event_id="e\0"), "no id", id="a zero character in the id"),
    ],
)
def test_nonsense_for_a_verdict_holds_the_message_and_is_told_of_once(answer, told):
    heard = []
    guarded = Guarded("theirs", lambda facts: answer, lambda *words: heard.append(words))
    first, second = guarded(facts()), guarded(facts())
    assert first == second
    assert (first.act, first.policy) == (Act.HOLD, "theirs")
    assert first.reason.startswith("policy theirs failed: ")
    assert told in first.reason
    assert heard == [("theirs", first.reason.removeprefix("policy theirs failed: "))]


def test_sound_verdict_is_passed_on_as_it_is():
    verdict = Verdict(Act.CANCEL, "theirs", "so", {"n": [1, "x", None]}, event_id="e" * 255, until=NOW, since=NOW)
    assert Guarded("theirs", lambda facts: verdict)(facts()) is verdict


def test_what_a_failing_policy_says_is_kept_short_and_out_of_the_log():
    heard = []

    def judge(facts):
        raise RuntimeError(f"{facts.recipients[0]}\n{'x' * 5000}")

    verdict = Guarded("theirs", judge, lambda *words: heard.append(words))(facts())
    assert verdict.act is Act.HOLD
    assert verdict.reason.startswith(f"policy theirs failed: RuntimeError: {ALICE} xxx")
    assert len(verdict.reason) < 400
    ((name, told),) = heard
    assert name == "theirs"
    assert told.startswith("RuntimeError in test_installed_policies.py, line ")
    assert ALICE not in told


def test_what_a_failing_policy_says_can_be_stored_whatever_it_is():
    def judge(facts):
        raise ValueError("\0 and \ud800")

    verdict = Guarded("theirs", judge)(facts())
    assert verdict.reason == "policy theirs failed: ValueError: \N{REPLACEMENT CHARACTER} and \N{REPLACEMENT CHARACTER}"


def test_policy_that_is_off_is_not_asked_even_when_it_is_broken(entry):
    found = catalogue.with_installed([entry(HEAD + SETTINGS + "def judge(facts, settings): raise OSError\n")])
    rules = catalogue.rules_among(found, {"theirs": found["theirs"].Settings(mode=Mode.OFF)})
    assert "theirs" not in [rule.name for rule in rules]
