"""Portuguese."""

from __future__ import annotations

from core.phrasebook.book import Phrasebook, after_any, any_of, many_of, one_of, sentence, words

_TEXTS = (
    "mensagem mensagens msg msgs sms textos avisos alertas propaganda propagandas promocao promocoes ofertas"
    " notificacao notificacoes spam"
)
_WHOSE = "mais as os essas estas esses suas tantas de a essa com"
_NOUN = after_any(_WHOSE, one_of(_TEXTS))
_REST = many_of(f"para este meu neste numero telefone celular nunca me por nada {_WHOSE} {_TEXTS}")
_SENDING = one_of("enviar mandar escrever perturbar incomodar encher contatar ligar")
_SEND = one_of(
    "envie enviem enviar mande mandem manda mandar escreva escrevam perturbe perturbem incomode incomodem contate"
    " contatem ligue liguem"
)
_TAKE = one_of("remova remover removam tire tirem tira retire retirem exclua excluam apague apaguem")
_LIST = after_any("da de sua suas dessa desta", "(?:listas?|cadastro|base|contatos|sistema)")

PORTUGUESE = Phrasebook(
    keywords=words("parar pare parem sair cancelar descadastrar descadastre remover"),
    bare=words("parar pare parem sair descadastrar chega stop basta"),
    fillers=any_of("por favor|porfavor|pfv|pf|(?:muito )?obrigad[oa]|obg|ola|oi|senhora?"),
    request=sentence(
        (
            rf"(?:pare|parem|para|deixe|deixem) de (?:me |nos )?{_SENDING}{_REST}",
            rf"(?:pare|parem|parar|chega|basta) {_NOUN}{_REST}",
            rf"nao (?:me |nos )?{_SEND} (?:me |nos )?(?:mais|{_NOUN}){_REST}",
            rf"nao (?:quero|queremos|desejo|gostaria de) (?:mais )?(?:receber )?(?:{_NOUN}|mais nada){_REST}",
            rf"(?:me )?{_TAKE} (?:(?:me|meu numero|este numero|meu contato) )?{_LIST}",
            rf"(?:me {_TAKE}|{_TAKE} (?:me|meu numero|este numero))",
            rf"(?:(?:quero|desejo|gostaria de) )?(?:me descadastr\w*|descadastr\w* me|sair da lista){_REST}",
            rf"(?:quero )?cancel(?:e|em|ar) (?:o recebimento|a inscricao|{_NOUN}){_REST}",
            "(?:me )?deix(?:e|em|a) (?:me )?em paz",
        ),
        before=("quero que", "peco que", "ja (?:falei|pedi)(?: para)?", "numero errado", one_of("pode podem e")),
        after=("numero errado", "nao tenho interesse", "agora"),
    ),
    doubt=any_of(
        r"descadastr\w*|cancelar|cancelem?|parem|chega de",
        rf"pare de {_SENDING}|nao me {_SEND}|sair da lista|(?:numero|pessoa) errad[oa]|em paz",
    ),
    short_doubt=any_of("pare|parar|sair|para|fim|chega|basta|remover"),
    harmless=any_of("(?:nao|no) (?:pare|parem|parar|para|cancele|cancelar)|sem parar"),
)
