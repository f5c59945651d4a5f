"""How texts are read; the tables in ``tests.wordings`` are the specification."""

import random
import time

import pytest

from core import wording
from core.consent import ConsentKind, Tier
from core.wording import BOOKS, Reading, read
from tests.wordings import ABROAD, DE, DOUBTFUL, EN, ES, KEYWORD, NOTHING, PHRASES, PT

KINDS = {Tier.KEYWORD: ConsentKind.OPT_OUT, Tier.PHRASE: ConsentKind.OPT_OUT, Tier.DOUBTFUL: ConsentKind.DOUBT}


def cases(texts):
    return [pytest.param(text, id=text or "empty") for text in texts]


@pytest.mark.parametrize("text", cases(KEYWORD))
def test_keyword_is_an_opt_out(text):
    said = read(text, None)
    assert (said.kind, said.tier) == (ConsentKind.OPT_OUT, Tier.KEYWORD)
    assert EN in said.languages


@pytest.mark.parametrize("text", cases(PHRASES))
def test_what_a_reasonable_person_reads_as_an_opt_out_is_one(text):
    said = read(text, None)
    assert said is not None
    assert (said.kind, said.tier) == (ConsentKind.OPT_OUT, Tier.PHRASE)
    assert EN in said.languages


@pytest.mark.parametrize("text", cases(DOUBTFUL))
def test_what_may_mean_something_else_is_doubtful(text):
    said = read(text, None)
    assert said is not None
    assert (said.kind, said.tier) == (ConsentKind.DOUBT, Tier.DOUBTFUL)


@pytest.mark.parametrize("text", cases(NOTHING))
def test_ordinary_text_says_nothing(text):
    assert read(text, None) is None


@pytest.mark.parametrize(
    ("text", "language", "tier"),
    [
        pytest.param(text, language, tier, id=f"{language}-{tier}-{text}")
        for language, tiers in ABROAD.items()
        for tier, texts in tiers.items()
        for text in texts
    ],
)
def test_other_languages_are_read(text, language, tier):
    said = read(text, None)
    if tier is None:
        assert said is None
    else:
        assert said is not None
        assert (said.kind, said.tier) == (KINDS[tier], tier)
        assert language in said.languages


@pytest.mark.parametrize("sign", ["\N{OCTAGONAL SIGN}", "\N{NO ENTRY} \N{NO ENTRY SIGN}\N{VARIATION SELECTOR-16}"])
def test_sign_alone_is_doubtful_in_every_language(sign):
    assert read(sign, None) == Reading(ConsentKind.DOUBT, Tier.DOUBTFUL, ())


def test_sign_beside_words_says_nothing_of_its_own():
    assert read("Great \N{OCTAGONAL SIGN}", None) is None


@pytest.mark.parametrize(
    ("text", "told", "expected"),
    [
        pytest.param("STOP", "STOP", Reading(ConsentKind.OPT_OUT, Tier.KEYWORD), id="Telnyx read it as STOP"),
        pytest.param("Detente ya", " stop ", Reading(ConsentKind.OPT_OUT, Tier.KEYWORD), id="a custom keyword"),
        pytest.param(None, "STOP", Reading(ConsentKind.OPT_OUT, Tier.KEYWORD), id="without a text"),
        pytest.param("hello", "START", Reading(ConsentKind.OPT_IN, Tier.KEYWORD), id="Telnyx read it as START"),
        pytest.param("please stop texting me", "HELP", None, id="Telnyx read it as HELP"),
        pytest.param("stop", "INFO", None, id="Telnyx read it as INFO"),
        pytest.param("STOP", "NEW", Reading(ConsentKind.OPT_OUT, Tier.KEYWORD, (EN,)), id="a reading not known"),
        pytest.param("start", None, Reading(ConsentKind.OPT_IN, Tier.KEYWORD, (EN,)), id="start"),
        pytest.param(" UNSTOP ", None, Reading(ConsentKind.OPT_IN, Tier.KEYWORD, (EN,)), id="unstop"),
        pytest.param("START!", None, None, id="Telnyx lifts nothing for this, so neither do we"),
        pytest.param(None, None, None, id="a picture without text"),
    ],
)
def test_telnyxs_own_reading_goes_first_and_consent_is_read_as_telnyx_does(text, told, expected):
    assert read(text, told) == expected


def test_text_that_is_plain_in_one_language_and_doubtful_in_another_bears_both():
    assert read("Stopp", None) == Reading(ConsentKind.OPT_OUT, Tier.KEYWORD, (EN, DE))
    assert read("parar", None) == Reading(ConsentKind.OPT_OUT, Tier.KEYWORD, (ES, PT))
    assert read("Stop enviando mensajes. Dejen de enviarme mensajes", None).languages == (EN, ES)


@pytest.mark.parametrize("language", [pytest.param(each, id=each) for each in BOOKS])
def test_reading_never_takes_long(language):
    """Words of the patterns themselves, thrown together, are what would keep a careless pattern busy."""
    chance = random.Random(language)
    book = BOOKS[language]
    patterns = f"{book.request.pattern}|{book.doubt.pattern}".replace("|", " ")
    vocabulary = sorted({word for word in patterns.split() if word.isalpha()})
    begun = time.process_time()
    for _ in range(100):
        said = " ".join(chance.choices(vocabulary, k=200))
        wording.read(said, None)
        for word in vocabulary[:3]:
            wording.read(f"{said[:300]} {f'{word} {chance.choice(vocabulary)} ' * 100}", None)
    assert time.process_time() - begun < 20


def test_sentences_of_one_word_over_and_over_take_no_time():
    begun = time.process_time()
    for word in ("any", "text", "stop", "i", "no", "me", "or i", "more sms", "any texts", "this", "mehr sms", "de la"):
        for lead in (
            "stop texting ",
            "dont text ",
            "no more ",
            "i dont want ",
            "i no longer want to receive ",
            "dont send ",
            "cease all ",
            "never un s",
            "",
            "keine ",
            "ne envoyez plus ",
            "no mas ",
        ):
            wording.read(f"{lead}{f'{word} ' * 500}xyzzy", None)
    assert time.process_time() - begun < 20
