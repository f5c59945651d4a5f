"""Spanish."""

from __future__ import annotations

from core.phrasebook.book import Phrasebook, after_any, any_of, many_of, one_of, sentence, words

_TEXTS = (
    "mensajes mensaje mensajitos textos texto sms avisos alertas publicidad promociones ofertas notificaciones spam"
)
_WHOSE = "mas los estos esos sus tus tantos la su esta de un ningun a con"
_NOUN = after_any(_WHOSE, one_of(_TEXTS))
_REST = many_of(f"este mi al numero telefono celular nunca otra vez por aqui nada {_WHOSE} {_TEXTS}")
_SENDING = (
    "(?:enviar|enviando|mandar|mandando|escribir|escribiendo|textear|molestar|molestando|contactar|llamar)(?:me|nos)?"
)
_SEND = one_of(
    "envie envien enviar envies mande manden mandar mandes escriba escriban escribas moleste molesten molestes"
    " contacte contacten contactes textee texteen llame llamen llames"
)
_TAKE = (
    "(?:quite|quiten|quitar|quita|saque|saquen|saca|elimine|eliminen|eliminar|borre|borren|borrar|retire|retiren)"
    "(?:me|nos)?"
)
_WANT = one_of("quiero queremos deseo quisiera necesito")
_LIST = after_any("de en su sus la las esta tu", "(?:listas?|base de datos|contactos|sistema)")

SPANISH = Phrasebook(
    keywords=words("alto pare parar paren detener detente cancelar baja desuscribir desuscribirme")
    | {"dar de baja", "darme de baja"},
    bare=words("alto pare paren parar detener baja basta ya stop"),
    fillers=any_of("por favor|porfavor|porfa|(?:muchas )?gracias|disculpe|perdon|hola|senor|senora"),
    request=sentence(
        (
            rf"(?:ya )?no (?:me|nos) (?:vuelvan? a )?{_SEND}{_REST}",
            rf"(?:deje|dejen|deja|dejar|pare|paren|para) de {_SENDING}{_REST}",
            rf"(?:ya )?(?:basta|alto|no) {_NOUN}{_REST}",
            rf"(?:ya )?no {_WANT} (?:recibir )?(?:{_NOUN}|nada){_REST}",
            rf"(?:{_WANT} )?{one_of('darme dar denme deme dame')} de baja(?: {_LIST})?{_REST}",
            rf"{_TAKE}(?: (?:me|mi numero|este numero))?(?: {_LIST})",
            rf"{_TAKE} (?:mi|este) numero",
            rf"(?:cancele|cancelen|cancelar|detengan|suspendan|paren) (?:la suscripcion|{_NOUN}){_REST}",
            "(?:deje|dejen|deja)(?:me|nos) en paz",
            rf"{_WANT} (?:cancelar la suscripcion|desuscribirme|anular la suscripcion)",
        ),
        before=("quiero que", "les? pido que", "numero equivocado", one_of("ya y pueden puede podrian que")),
        after=("nunca mas", "numero equivocado", "no me interesa", "ya"),
    ),
    doubt=any_of(
        "dar(?:me)? de baja|desuscribir(?:me)?|cancelar|cancelen?|cancela|paren|basta",
        rf"no (?:me|nos) {_SEND}|(?:deje|dejen|deja|pare|paren) de {_SENDING}|no mas {one_of(_TEXTS)}",
        "numero equivocado|deje?n?me en paz|no me interesa",
    ),
    short_doubt=any_of("alto|baja|pare|parar|para|fin|salir|no mas|terminar"),
    harmless=any_of("(?:no|nao|sin) (?:pare|paren|parar|cancelar|cancelen?)|(?:mas|muy) alto"),
)
