"""Which inbound texts a person wrote as an answer."""

# ruff: noqa: RUF001 - phones write marks and letters that look like others

import pytest

from core.replies import is_automatic, is_reply

#: What it is, and how it reads.
AUTOMATIC = [
    ("iOS reaction", "Liked “See you at 7”"),
    ("iOS reaction to what has lines", "Loved “Hi\nAnna”"),
    ("iOS reaction, cut off", "Emphasized “The sale ends to…"),
    ("iOS reaction, British", "Emphasised “The sale”"),
    ("iOS reaction, straight marks", 'Laughed at "Hi"'),
    ("iOS reaction, single marks", "liked ‘see you in ten?’"),
    ("iOS reaction to a picture", "Loved an image"),
    ("iOS reaction", "Disliked “Hi”"),
    ("iOS reaction", "Questioned “Hi”"),
    ("iOS reaction taken back", "Removed a like from “ok”"),
    ("iOS reaction taken back", "Removed a heart from “ok”"),
    ("iOS reaction taken back", "Removed an exclamation from “ok”"),
    ("iOS reaction taken back", "Removed a question mark from an image"),
    ("iOS 18 reaction", "Reacted 🔥 to “Great”"),
    ("iOS 18 reaction taken back", "Removed 👍 from “x”"),
    ("Google Messages reaction", "👍 to “Spring sale: 20% off”"),
    ("Google Messages reaction, with what is not seen", "\u200a\u200b👍\u200b to “\u200aHi\u200a” "),
    ("Google Messages reaction to a picture", "❤️ to an image"),
    ("reaction that quotes nothing", "Liked a message"),
    ("Spanish reaction", "Le gustó “Hola”"),
    ("Spanish reaction", "No le gustó “Hola”"),
    ("Spanish reaction", "Le encanta “Hola”"),
    ("Spanish reaction", "Se rió de “Hola”"),
    ("Spanish reaction, straight marks", 'Me gusta "Hola"'),
    ("Spanish reaction to a picture", "Le encantó una imagen"),
    ("Spanish reaction, with an emoji", "Reaccionó con ❤️ a “Hola”"),
    ("Spanish reaction, with an emoji, to a picture", "Reaccionó con ❤️ a una imagen"),
    ("Spanish reaction of Google Messages", "❤️ a “Hola”"),
    ("French reaction", "A aimé « Bonjour »"),
    ("French reaction", "N’a pas aimé « Bonjour »"),
    ("French reaction", "A ri de « Bonjour »"),
    ("French reaction, with an emoji", "A réagi avec ❤️ à « Bonjour, c’est l’heure »"),
    ("French reaction of Google Messages", "👍 à « Bonjour »"),
    ("French reaction of Google Messages to a picture", "👍 à une photo"),
    ("German reaction", "Gefällt „Hallo“"),
    ("German reaction", "Hat „Hallo“ mit „Gefällt mir“ markiert"),
    ("German reaction to a picture", "Hat ein Bild mit „Gefällt mir“ markiert"),
    ("German reaction, with an emoji", "Hat mit ❤️ auf „Hallo“ reagiert"),
    ("German reaction of Google Messages", "❤️ zu „Hallo“"),
    (
        "iPhone while driving",
        "I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m going.",
    ),
    ("iPhone while driving", "I'm driving with Focus turned on. I'll see your message when I get where I'm going."),
    ("iPhone while driving, its second text", "(I’m not receiving notifications. If this is urgent, reply “urgent”…"),
    ("Android while driving", "I'm driving right now"),
    ("Android while driving", "I'm driving right now - I'll get back to you later."),
    ("auto-reply", "Auto-Reply: I am away"),
    ("auto-reply", "Automatic reply"),
    ("auto-reply", "AUTOREPLY - gone fishing"),
    ("auto-reply", "[Automated message] We are closed."),
    ("auto-reply", "This is an automated response. Do not reply."),
    ("out of office", "I am currently out of the office until Monday."),
    ("out of office", "Out of office"),
    ("out of office", "Hello, we’re out of office today"),
    ("Spanish auto-reply", "Respuesta automática: estoy de vacaciones"),
    ("French auto-reply", "Réponse automatique : je suis absent"),
    ("German auto-reply", "Automatische Antwort: Ich bin nicht da"),
    ("carrier", "Free Msg: Unable to send message - Message Blocking is active."),
    ("carrier", "FreeMsg: your message was not delivered"),
    ("carrier", "Message Blocking is active"),
    ("carrier", "Error: Unable to send message"),
    ("carrier", "Service access denied."),
    ("carrier", "Sorry, this number is not set up for texting."),
    ("carrier", "The number does not accept text messages"),
    ("full-width letters", "Ｏｕｔ ｏｆ ｏｆｆｉｃｅ"),
]
WRITTEN = [
    "Thanks, see you on Friday 👋",
    "👍",
    "Liked it!",
    "Loved every minute of it",
    "Liked “Pulp Fiction” very much",
    "Liked a message from my mother",
    "Removed it from “my list”",
    "Me gusta mucho",
    "Me gusta mucho “Hola”",
    "Me gusta “Hola” más que lo otro",
    "No me gusta, llámame",
    "A aimé ça",
    "J'ai aimé « Bonjour »",
    "Gefällt mir gut",
    "Gefällt mir „sehr“ gut",
    "Hat „Hallo“ jemand gelesen?",
    "Hat „Hallo“ mit Freude gelesen",
    # Where a reaction has its emoji.
    "yes to “that”",
    "sí a “eso”",
    "7 to “that”",
    "7 a “eso”",
    '"" to "that"',
    '» to "that"',
    'Removed "" from "that"',
    'Removed » from "that"',
    "I'm driving right now, can we say five?",
    "I'm driving with my kids",
    "can you auto reply?",
    "Auto reply? Is this a robot",
    "Is it automatic?",
    "Automatic payments please",
    "I'll be out of town Saturday",
    "Is the office closed?",
    "out of curiosity, how much",
    "I was unable to send message yesterday",
    "feel free msg me",
    "this number is my new one",
]


@pytest.mark.parametrize("text", [text for _, text in AUTOMATIC])
def test_what_a_phone_or_a_carrier_sends_by_itself_is_no_reply(text):
    assert is_automatic(text)
    assert is_reply(text, None) is False


@pytest.mark.parametrize("text", WRITTEN)
def test_what_a_person_writes_is_a_reply(text):
    assert not is_automatic(text)
    assert is_reply(text, None)


@pytest.mark.parametrize("text", ["STOP", "Unsubscribe", "start", "HELP", "Info", " help! ", "info?"])
def test_words_about_consent_and_help_are_no_replies(text):
    assert not is_reply(text, None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("please stop texting me", id="in words, which may be ignored"),
        pytest.param("please stop by", id="in doubt"),
        pytest.param("ALTO", id="a keyword of a language that need not be read"),
        pytest.param("no me escriban más", id="in words of such a language"),
    ],
)
def test_refusal_that_settings_may_leave_unread_is_a_reply(text):
    assert is_reply(text, None)


@pytest.mark.parametrize("told", ["STOP", "START", "HELP"])
def test_what_telnyx_has_answered_is_no_reply(told):
    assert is_reply("whatever it says", told) is False


@pytest.mark.parametrize("text", [None, ""])
def test_picture_without_a_text_is_a_reply(text):
    assert is_reply(text, None)


def test_text_without_end_is_read_as_far_as_it_matters():
    assert is_automatic("Out of office. " + "x" * 100_000)
    assert not is_automatic("x" * 100_000 + " message blocking is active")
