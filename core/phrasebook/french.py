"""French. ARRET is the word that Canadian carriers have senders honour: https://www.txt.ca/guidelines/ ."""

from __future__ import annotations

from core.phrasebook.book import Phrasebook, after_any, any_of, many_of, one_of, sentence, words

_TEXTS = (
    "messages message sms textos texto alertes notifications pub pubs publicite publicites"
    " promos promotions offres spam"
)
_WHOSE = "de d des les ces vos tes aucun tous autres plus"
_NOUN = after_any(_WHOSE, one_of(_TEXTS))
_REST = many_of(f"jamais a ce mon sur numero telephone rien la ma part votre publicitaires du tout {_WHOSE} {_TEXTS}")
_SEND = r"(?:envo[iy]|ecri|contact|derang|harcel|embet|text|appel)\w*"
_LIST = after_any("de sur la votre vos ta cette", "(?:listes?|base de donnees|fichiers?|contacts)")
_FROM = many_of("moi nous de la cette votre vos ma ce liste sms messages")
_WANT = one_of("veux souhaite voudrais desire")
_NOT_ME = "(?:ne |n )?(?:m |nous |me )?"

FRENCH = Phrasebook(
    keywords=words("arret arreter arretez desabonner desabonnement desinscrire desinscription annuler"),
    bare=words("arret arreter arretez arrete desabonner desabonnement desinscrire desinscription stop assez"),
    fillers=any_of("sil (?:te|vous) plait|svp|stp|merci(?: beaucoup)?|bonjour|madame|monsieur"),
    request=sentence(
        (
            rf"{_NOT_ME}(?:m|n)?{_SEND}(?: moi| nous)? (?:plus|pas){_REST}",
            rf"(?:arret\w*|cess\w*|stop) (?:de |d )?(?:m |nous |me |le )?(?:m)?(?:{_SEND}|{_NOUN}){_REST}",
            rf"plus (?:de |d |aucun )?{one_of(_TEXTS)}{_REST}",
            rf"(?:me |nous )?(?:desabonn|desinscri)\w*{_FROM}",
            rf"(?:retir|enlev|supprim|effac)\w* (?:moi|nous|mon numero|ce numero)(?: {_LIST})?",
            rf"je (?:ne )?{_WANT} (?:plus|pas) (?:recevoir |etre )?(?:contacte|derange|{_NOUN}){_REST}",
            rf"je {_WANT} (?:me |etre )(?:desabonn|desinscri|retir)\w*(?: {_LIST})?",
            "(?:laissez|laisse|foutez|fichez) (?:moi|nous) (?:tranquilles?|la paix|en paix)",
        ),
        before=("veuillez", "pouvez", "je (?:demande|prie) de", "(?:mauvais|faux) numero", one_of("de stop et non")),
        after=("immediatement", "(?:mauvais|faux) numero", "stop"),
    ),
    doubt=any_of(
        r"arret|arretez|arreter|desabonn\w*|desinscri\w*|annuler|annulez",
        rf"(?:ne|n) (?:m |me )?{_SEND} plus|plus de {one_of(_TEXTS)}",
        "(?:mauvais|faux|erreur de) numero|(?:laissez|fichez|foutez) moi",
    ),
    short_doubt=any_of("fin|stoppez|assez|suffit"),
    harmless=any_of("sans arret|(?:pas|jamais) (?:arreter?|annuler)|arret (?:de|du) (?:bus|tram|metro|travail)"),
)
