"""Replies: whether an inbound text is what a person answered, or what a phone or a carrier sent by itself.

Wordings, as of 2026-11: reactions that phones send as texts, ``Liked "…"`` (iOS), ``Reacted 🔥 to "…"`` (iOS 18),
``👍 to "…"`` (Google Messages), https://www.engadget.com/google-messages-imessage-reactions-emoji-134015919.html;
answers of phones whose owner drives, https://manuals.plus/apple/ios-11/not-disturb-driving; notices that carriers
text back, https://fone.tips/free-msg-unable-to-send-message/. They are known in English, and the commonest in
Spanish, French and German.
"""

from __future__ import annotations

import re
import unicodedata

from core import wording

#: Keywords that ask for the help text.
HELP_WORDS = frozenset({"help", "info"})

_QUOTE = "[\"'“”„«»]"
_WORDS = rf"{_QUOTE}.*({_QUOTE}|\.\.\.)"
_QUOTED = rf"({_WORDS}|an? (image|photo|picture|video|movie|audio message|attachment|sticker|link|gif|message))"
_QUOTED_ABROAD = rf"({_WORDS}|une? (image|photo|vidéo)|un[ao]? (imagen|foto|vídeo|video)|ein(en?)? (bild|foto|video))"
#: An emoji, or several: nothing that is a letter or a digit.
_EMOJI = rf"[^\w\s{_QUOTE[1:-1]}]+"
_REACTIONS = (
    rf"(liked|loved|disliked|laughed at|emphasi[sz]ed|questioned) {_QUOTED}",
    rf"removed an? (like|heart|dislike|laugh|exclamation( mark)?|question mark|emphasis|reaction) from {_QUOTED}",
    rf"(reacted )?{_EMOJI} to {_QUOTED}",
    rf"removed {_EMOJI} from {_QUOTED}",
    rf"((no )?[lm]e (gust[aó]|encant[aó])|se ri[oó] de|enfatizó|cuestionó) {_QUOTED_ABROAD}",
    rf"(n'a pas aimé|a (aimé|adoré|ri de|souligné|mis en évidence|posé une question sur)) {_QUOTED_ABROAD}",
    rf"gefällt( nicht)? {_QUOTED_ABROAD}",
    rf"hat {_QUOTED_ABROAD} mit {_WORDS} markiert",
    rf"((reaccionó con|a réagi avec|hat mit) )?{_EMOJI} (a|à|zu|auf) {_QUOTED_ABROAD}( reagiert)?",
)
_BY_ITSELF = (
    r"i'm driving with (do not disturb|(driving )?focus)\b.*",
    r"\(i'm not receiving notifications\..*",
    r"i'm driving right now\W*(i'll (get back to you|reply|call you back)( later| soon| when i arrive)?)?\W*",
    r"\W?auto(matic|mated)?[- ]?(reply|response|responder|text|message)( ?[]:-].*)?",
    r"this is an auto(matic|mated|-)[- ]?(reply|response|text|message)\b.*",
    r"((hello|hi)\W+)?((i am|i'm|we are|we're) )?((currently|temporarily|away and) )?out of (the )?office\b.*",
    r"(respuesta automática|réponse automatique|automatische antwort)\b.*",
)
_OF_CARRIERS = (
    r"free ?msg\b.*",
    r"((error|message failed)\W+)?unable to send message\b.*",
    r".*\bmessage blocking is active\W*",
    r"service access denied\W*",
    r".*\b(this|the) number (is not set up for texting|does not accept text messages)\b.*",
)
_AUTOMATIC = re.compile("|".join(f"(?:{each})" for each in (*_REACTIONS, *_BY_ITSELF, *_OF_CARRIERS)))
#: No wording needs more to be known by.
_LONGEST = 2_000
_APOSTROPHES = str.maketrans(dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def is_reply(text: str | None, autoresponse_type: str | None) -> bool:
    """Return True for a text that a person answered: no certain word about consent, none about help, nothing automatic.

    A picture without text is an answer. So is a refusal that settings may leave unread, or an operator dismiss: who
    refuses in other words, or another language, must not be written to more than who says hello.
    """
    said = wording.read(text, autoresponse_type)
    if autoresponse_type or (said is not None and said.is_certain):
        return False
    return not is_automatic(text or "") and _folded(text or "").strip(" .!?") not in HELP_WORDS


def is_automatic(text: str) -> bool:
    """Return True for what a phone or a carrier sends by itself, as far as its wording is known."""
    return _AUTOMATIC.fullmatch(_folded(text)) is not None


def _folded(text: str) -> str:
    """Return the text without what phones write differently: case, blanks, invisible characters, apostrophes."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST])
    visible = "".join(char for char in plain if unicodedata.category(char) != "Cf").casefold()
    return " ".join(visible.translate(_APOSTROPHES).split())
