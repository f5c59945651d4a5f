"""German."""

from __future__ import annotations

from core.phrasebook.book import Phrasebook, after_any, any_of, many_of, one_of, sentence, words

_TEXTS = "sms nachrichten nachricht texte mitteilungen werbung werbesms benachrichtigungen angebote spam newsletter"
_WHOSE = "weitere weiteren mehr diese die ihre eure solche"
_NOUN = after_any(_WHOSE, one_of(_TEXTS))
_REST = many_of(f"an auf meine nummer handy von ihnen euch nie wieder mir uns mich {_WHOSE} {_TEXTS}")
_SEND = r"(?:schreib|anschreib|schick|zuschick|send|zusend|text|kontaktier|belastig|nerv)\w*"
_TAKE = one_of("melden tragen nehmen streichen loschen entfernen melde trage nimm losche streich entferne")
_LIST = after_any("aus von der ihrer eurer dem diesem ihrem deiner", one_of("liste verteiler datenbank kontakten"))
_NO = one_of("nicht nie nichts keine")

GERMAN = Phrasebook(
    keywords=words("stopp abmelden abmeldung abbestellen austragen kundigen beenden"),
    bare=words("stopp stop abmelden abmeldung abbestellen austragen aufhoren schluss genug"),
    fillers=any_of("bitte|danke|dankeschon|vielen dank|hallo|endlich|sofort|doch|mal|ja"),
    request=sentence(
        (
            rf"{_SEND} (?:(?:sie|ihr|mir|uns|mich) )*{_NO} (?:mehr|wieder|{_NOUN}){_REST}",
            rf"(?:(?:mir|mich|uns) )?{_NO} (?:mehr|wieder|{_NOUN})(?: mehr)? {_SEND}{_REST}",
            rf"keine {_NOUN}(?: mehr)?(?: an (?:mich|diese nummer))?(?: {_SEND})?",
            rf"(?:horen sie|hort|hor) auf (?:mir |mich |uns )?(?:{_NOUN} )?zu {_SEND}",
            rf"{_TAKE} (?:sie )?(?:mich|uns|meine nummer)(?: {_LIST})?(?: ab| aus| heraus| raus)?",
            rf"ich (?:mochte|will|wunsche) {_NO}(?: mehr| {_NOUN}){_REST}(?: erhalten| bekommen)?",
            "ich (?:mochte|will) (?:mich )?(?:abmelden|austragen|abbestellen)",
            rf"{_NOUN} (?:abbestellen|abmelden|stoppen|einstellen)",
            "lass(?:en|t)?(?: sie)? (?:mich|uns) in ruhe",
            "meine nummer (?:loschen|entfernen|streichen)",
        ),
        before=("konnen sie", "konnten sie", "ich bitte sie", "falsche nummer", one_of("und stopp stop")),
        after=("falsche nummer", "kein interesse", one_of("stopp stop")),
    ),
    doubt=any_of(
        r"stopp|abmeld\w*|abbestell\w*|austragen|kundig\w*|aufhoren",
        rf"nicht mehr {_SEND}|keine (?:sms|nachrichten|werbung)|in ruhe|falsche nummer",
    ),
    short_doubt=any_of(r"ende|beenden|schluss|genug|stornier\w*|(?:hor|horen sie) auf"),
    harmless=any_of(r"(?:nicht|ohne) (?:stopp\w*|kundigen|abmelden|aufhoren)"),
)
