"""English.

Sources of the keywords: https://support.telnyx.com/en/articles/1270091-sms-opt-out-keywords-and-stop-words and, for
revoke and opt out, 47 CFR 64.1200(a)(10), which names "stop," "quit," "end," "revoke," "opt out," "cancel," and
"unsubscribe", and any other wording that a reasonable person would read so.
"""

from __future__ import annotations

from core.phrasebook.book import Phrasebook, after_any, any_of, many_of, one_of, sentence, words

_TEXTS = (
    "texts text txts txt messages message msgs msg sms mms alerts alert notifications notification reminders reminder"
    " updates promos promotions ads advertising advertisements offers solicitations spam stuff crap shit junk calls"
    " emails texting messaging"
)
_WHOSE = "the this that these those your my our any all anymore more further future such unwanted unsolicited"
_KINDS = "marketing promotional political automated campaign spam text sms"
#: "these texts", "any more marketing messages".
_NOUN = after_any(f"{_WHOSE} {_KINDS}", one_of(_TEXTS))
_PHONE = "number phone cell cellphone mobile"
#: Whom, what and where: "me these texts", "to this number again".
_REST = many_of(
    rf"me us you here anything ever again to from at on of about with and now once immediately asap"
    rf" or(?!\s(?:i|ill|im|we)\b) forever calling emailing away right \d{{3,}} {_PHONE} {_WHOSE} {_KINDS} {_TEXTS}"
)
_STOP = one_of("stop quit cease discontinue end")
_SENDING = one_of(
    "sending texting txting messaging msging contacting calling spamming bothering harassing soliciting annoying"
)
_TEXT = (
    rf"(?:{one_of('call text message')} {one_of('or and')} )?{one_of('text txt message msg contact write bother spam')}"
)
_NOT = "(?:do not|dont|never)"
_LIST = after_any(
    f"{_WHOSE} {_KINDS} texting messaging mailing contact calling phone distribution subscriber call",
    one_of("list lists database system group contacts distribution thread rotation"),
)
_NUMBER = rf"(?:{one_of('cell mobile phone')} )?{one_of(_PHONE)}"
_ME = rf"(?:me|us|{one_of('my this our')} (?:{_NUMBER}|name|info|information|contact)|number|\d{{3,}})"
_WRONG = "(?:the |a )?wrong (?:number|person)"

_REQUESTS = (
    rf"{_STOP} (?:with )?{_SENDING}{_REST}",
    rf"(?:{_STOP}|cancel) (?:sending )?(?:me )?{_NOUN}{_REST}",
    rf"{_NOT} {_TEXT}{many_of(f'me us here anymore again ever back to at on this my {_PHONE}')}",
    rf"{_NOT} (?:send|keep sending) (?:(?:me|us|to) )*(?:{_NOUN}|anything){_REST}",
    rf"no (?:more )?{_NOUN}{_REST}",
    rf"i (?:do not|dont|no longer) {one_of('want wish need')} (?:to )?(?:(?:get|receive|be getting) )?{_NOUN}{_REST}",
    rf"i (?:do not|dont) want to be {one_of('contacted texted messaged called')}{_REST}",
    rf"{one_of('take remove delete drop get scratch strike')} {_ME}(?: off| out)?(?: of| from)?(?: {_LIST})?",
    rf"{one_of('take remove get drop')} (?:off|out|from)(?: of)? {_LIST}",
    rf"(?:i )?(?:want|would like|wish) (?:to be )?(?:off|removed|unsubscribed)(?: of| from)?(?: {_LIST})?{_REST}",
    rf"{one_of('unsubscribe unsub optout unsubscribing')}(?: {_ME})?(?: from| of| off| to)?(?: {_LIST})?{_REST}",
    rf"(?:opt|opting)(?: {_ME})? out(?: from| of)?(?: {_LIST})?{_REST}",
    rf"(?:i )?(?:revoke|withdraw|rescind) (?:(?:my|all|any|prior) )*(?:consent|permission|opt ?in){_REST}",
    "leave (?:me|us) alone",
    rf"{one_of('lose forget delete erase')} (?:my|this) number",
    "(?:can|could|would|will) (?:you|u) stop",
    "i (?:said|told you|told you to|asked you to|have asked you to) stop",
    "(?:how (?:do|can) i|how to) (?:stop|opt out|optout|unsubscribe)",
    rf"(?:how (?:do|can) i|how to) (?:get|be) (?:off|removed) (?:of |from )?{_LIST}",
    "remove",
    "s t o p",
)
_BEFORE = (
    "(?:can|could|would|will) (?:you|u)",
    "i (?:want|need|would like|ask|am asking|asked|told|have told|have asked|already told|already asked) you to",
    "id like (?:you )?to",
    "i (?:want|would like|wish|need) to",
    "you (?:need to|must|have to|should)",
    "how (?:do|can) i",
    rf"(?:you have |you got |this is |its )?{_WRONG}",
    "(?:i am |im )?(?:really )?not interested",
    "i said",
    "who (?:is|are) (?:this|you)",
    one_of("no yes ok okay hi hello hey and so then but also sir madam i stop enough unsubscribe"),
    "for the last time",
)
_AFTER = (
    r"(?:or|before) (?:i|ill|im|we)\b(?: \w+)*+",
    "(?:i am |im )?not interested",
    rf"(?:you have |this is )?{_WRONG}",
    "(?:this|it) is (?:harassment|spam|annoying|illegal)",
    one_of("stop unsubscribe now immediately today forever asap ever again anymore sir guys people i"),
    "(?:at once|right away|right now|from now on|effective immediately)",
)

ENGLISH = Phrasebook(
    keywords=words("stop stopall unsubscribe cancel end quit revoke optout") | {"stop all", "opt out"},
    bare=words("stop stopall unsubscribe unsub optout revoke quit remove"),
    fillers=any_of(
        "thank you|please|pls|plz|plse|kindly|just|thanks|thankyou|thx|ty|tks|really|already|sorry",
        "god|jesus|omg|ffs|wtf|fuck|fucking|fuckin|freaking|fricking|damn|damned|dammit|goddamn|bloody|hell|assholes?|idiots|lol",
    ),
    request=sentence(_REQUESTS, before=_BEFORE, after=_AFTER),
    doubt=any_of(
        "stop|stopp|stp|sotp|stpo|stopall|unsubscribe|unsub|optout|opt out|opting out|cancel|revoke",
        rf"{_NOT} {_TEXT} (?:me|us|this)|(?:quit|cease) {_SENDING}|no more {one_of(_TEXTS)}",
        rf"{one_of('remove take delete')} (?:{_ME}|\w+ (?:off|from) {_LIST})|off (?:of )?(?:your|the|this) list",
        "leave (?:me|us) alone|lose my number|go away|(?:fuck|piss|f) off",
        "wrong (?:number|person)|spam|spammers?|harass(?:ing|ment)?",
    ),
    short_doubt=any_of("end|quit|remove|enough|no more"),
    harmless=any_of(
        r"(?<!you )(?:do not|dont|never|cant|cannot|can not|wont|will not|didnt|without|wouldnt|non) stop",
        r"(?:do not|dont|never) (?:unsubscribe|opt (?:me )?out|remove|cancel|take me off|delete)(?: (?:me|us|it))?",
        rf"{one_of('bus train tram metro subway truck rest pit full one next last first whistle tour')} stop",
        rf"stop {one_of('sign signs light lights watch')}",
    ),
)
