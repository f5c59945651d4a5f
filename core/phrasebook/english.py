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
_WHOSE = "the this that these those your ur my our any all anymore more further future such unwanted unsolicited"
_KINDS = "marketing promotional political automated campaign spam text sms"
#: "these texts", "any more marketing messages".
_NOUN = after_any(f"{_WHOSE} {_KINDS}", one_of(_TEXTS))
#: As "no messages", save that somebody may miss them: "no contact from you" complains of silence.
_CONTACT = after_any(_WHOSE, one_of("communication communications correspondence contact"))
_PHONE = "number phone cell cellphone mobile"
#: Whom, what and where: "me these texts", "to this number again".
_REST = many_of(
    rf"me us you here anything ever again to from at on of about with and now once immediately asap"
    rf" or(?!\s(?:i|ill|im|we)\b) forever calling emailing away right \d{{3,}} {_PHONE} {_WHOSE} {_KINDS} {_TEXTS}"
)
_STOP = one_of("stop st0p quit cease discontinue end")
_SENDING = one_of(
    "sending texting txting messaging msging contacting calling spamming bothering harassing soliciting annoying"
)
_TEXT = (
    rf"(?:{one_of('call text message')} {one_of('or and')} )?{one_of('text txt message msg contact write bother spam')}"
)
_NOT = "(?:do not|dont|dnt|don t|not to|never)(?: ever)?"
_NO_LONGER = "(?:do not|dont|dnt|no longer|never)"
_NEVER = "(?:do not|dont|dnt|did not|didnt|have not|havent|no longer|never)"
_WANT_TO = "(?:want(?:ed)? to|wanna|wish to|care to|need to)"
_THESE = "(?:these|those|them|this|it|anything|any of (?:these|those|this))"
_CONSENT = "(?:consent|permission|authori[sz]ation)"
_CONTACTED = one_of("contacted texted messaged called bothered")
#: However it is misspelt: nothing else that people write has these letters in these places.
_UNSUBSCRIBE = r"un ?s[ubscri]{1,8}b\w{0,3}"
_OPT_OUT = "(?:opt(?:ed|ing|s)?(?: (?:me|us))? out|opt(?:ed|ing)?out)"
#: Whatever begins with "stop", or with a nought for its vowel, and is no other word.
_STOP_AND_MORE = (
    r"st[o0]p+(?!(?:s|p?e[dn]|p?ing|p?ers?|gaps?|overs?|offs?|watch(?:es)?|cocks?|lights?|signs?|p?ages?|p?able)\b)\w*"
)
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
    rf"{_STOP} {one_of('getting receiving')} (?:{_NOUN}|{_THESE}){_REST}",
    rf"stop{one_of('texting texts text sending messaging messages msgs sms now please')}(?:me)?",
    rf"(?:{_STOP}|no (?:more|further)) {_CONTACT}{_REST}",
    rf"(?:cease|desist|discontinue)(?: and desist)?{_REST}",
    rf"(?:{one_of('turn shut switch')} off|{one_of('disable deactivate terminate halt')}) {_NOUN}{_REST}",
    rf"{_NOT} {_TEXT}{many_of(f'me us here anymore again ever back to at on this my {_PHONE}')}",
    rf"{_NOT} (?:send|keep sending) (?:(?:me|us|to) )*(?:{_NOUN}|anything){_REST}",
    rf"{_NOT} send (?:{one_of('me us more anymore these those again')}|to {_ME}){_REST}",
    rf"no (?:more )?{_NOUN}{_REST}",
    rf"(?:i )?{_NO_LONGER} {one_of('want wish need')} (?:to )?(?:(?:get|receive|be getting) )?{_NOUN}{_REST}",
    rf"(?:i )?{_NO_LONGER} {_WANT_TO} (?:be )?{one_of('receive receiving')} (?:{_THESE}|{_NOUN}){_REST}",
    rf"(?:i )?{_NO_LONGER} {_WANT_TO} (?:get|be getting) (?:these|those|them|{_NOUN}){_REST}",
    rf"(?:i )?{_NO_LONGER} {_WANT_TO} (?:be {_CONTACTED}|hear from (?:you|u|yall)){_REST}",
    rf"(?:i )?{_NO_LONGER} (?:give (?:you )?(?:my )?)?{_CONSENT}(?: to (?:{_THESE}|{_NOUN}|{_TEXT}))?{_REST}",
    rf"you {_NO_LONGER} have (?:my )?{_CONSENT}(?: to {_TEXT})?{_REST}",
    rf"{one_of('take remove delete drop get scratch strike erase')} {_ME}(?: off| out)?(?: of| from)?(?: {_LIST})?",
    rf"(?:{one_of('take get')} {_ME} off(?: of)?|remove {_ME} from) (?:{_NOUN}|this|these|those){_REST}",
    rf"{one_of('take remove get drop')} (?:off|out|from)(?: of)? {_LIST}",
    rf"(?:i )?(?:want|would like|wish) (?:to be )?(?:off|removed|unsubscribed)(?: of| from)?(?: {_LIST})?{_REST}",
    rf"(?:i )?(?:{_UNSUBSCRIBE}|optout)(?: {_ME})?(?: from| of| off| to)?(?: {_LIST})?{_REST}",
    rf"(?:i (?:have )?)?(?:opt|opting|opted)(?: {_ME})? out(?: from| of)?(?: {_LIST})?{_REST}",
    rf"(?:i )?(?:revoked?|withdraw|withdrew|rescind) (?:(?:my|all|any|prior) )*(?:{_CONSENT}|opt ?in){_REST}",
    rf"(?:my )?{_CONSENT} (?:is |has been )?(?:revoked|withdrawn|rescinded){_REST}",
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
    "(?:i am |im )?(?:really )?(?:not|no longer) interested(?: anymore| any more| at all)?",
    "i (?:said|asked|told you|asked you|have told you|have asked you)",
    "who (?:is|are) (?:this|you)",
    one_of("no yes ok okay hi hello hey and so then but also sir madam i stop enough unsubscribe"),
    "for the last time",
)
_AFTER = (
    r"(?:or|before) (?:i|ill|im|we)\b(?: \w+)*+",
    "(?:i am |im )?(?:not|no longer) interested",
    rf"(?:you have |this is )?{_WRONG}",
    "(?:this|it) is (?:harassment|spam|annoying|illegal)",
    one_of("stop unsubscribe now immediately today forever asap ever again anymore sir guys people i"),
    "(?:at once|right away|right now|from now on|effective immediately)",
)

_DOUBTS = (
    rf"{_STOP_AND_MORE}|stp|sotp|stpo|sto p|st op|cancel|cancle|cancell|cease|desist|discontinue|quit {_SENDING}",
    rf"{_UNSUBSCRIBE}|{_OPT_OUT}|revok(?:e|ed|ing)|not to be {_CONTACTED}|no more {one_of(_TEXTS)}",
    rf"{_NOT} {_TEXT} (?:me|us|this)|{_NOT} send(?: (?:me|us|any|more|{_THESE}|{one_of(_TEXTS)})|$)",
    rf"{_NOT} call(?: (?:me|us|this number))?(?: (?:again|anymore|ever)|$)|(?:do not call|dnc) (?:list|registry)",
    rf"{_NEVER} (?:consent(?:ed)?|agreed? to (?:this|these|receive|get)|authori[sz]ed? (?:you|these|{one_of(_TEXTS)}))",
    rf"{_NEVER} (?:give|gave|given) (?:you )?(?:my |any )?{_CONSENT}|(?:{_NEVER} have|without) (?:my|any) {_CONSENT}",
    rf"{_NEVER} (?:opt(?:ed)? in|(?:subscribed? to|sign(?:ed)? up for|ask(?:ed)? for) (?:this|these|it|your|any))",
    rf"{_NEVER} {_WANT_TO} (?:receive|hear from|be (?:receiving|on your|on this|{_CONTACTED}))",
    rf"{_NEVER} {_WANT_TO} (?:get|be getting|keep getting) (?:any (?:more )?of )?(?:{_NOUN}|these|those|them)",
    rf"{_NEVER} (?:(?:want|need)(?:ed)? {_NOUN}|want(?:ed)? (?:any (?:more )?of )?(?:these|those|them))",
    rf"{_NEVER} want (?:this|it|anything)(?: (?:anymore|any more|from you|ever|again|at all)|$)",
    "no longer (?:interested|want|wish)|not interested (?:anymore|any more)|sick of (?:your|these|getting|receiving)",
    r"said no(?: more)?$|nomore\w*|want out|opt off|(?:turn|shut|switch) (?:these|those|them) off",
    rf"{one_of('remove take delete')} (?:{_ME}|\w+ (?:off|from) {_LIST})|off (?:of )?(?:your|the|this) list",
    rf"get {_ME} (?:off|removed|out of (?:this|these|your))",
    "(?:ask|asked|want|wanted|like) to be (?:removed|taken off|deleted)",
    "leave (?:me|us) alone|lose my number|go away|(?:do not|dont) disturb|(?:fuck|piss|f) off|(?:fuck|screw) (?:you|u)",
    "wrong (?:number|person|phone)|spam|spammers?|scam|unsolicited|unwanted|harass(?:ing|ment)?",
    rf"how (?:did|do) (?:you|u|yall) (?:get|have|find) {_ME}|why (?:are|do) (?:you|u|yall) (?:keep )?{_SENDING}",
    rf"{_TEXT} me again and (?:i|ill|im|we)|(?:ill|will) sue|sue (?:you|u)",
    "(?:block|report)(?:ed|ing)? (?:you|u|your|this number|as spam)|tcpa|fcc|ftc",
)
_SHORT_DOUBTS = (
    "end|quit|remove|delete|enough|no more|halt|terminate|get lost|no contact|(?:no|not) subscribed?",
    # With nothing else: another form of a word, or a finger beside the right key.
    "^(?:st[o0]pp?(?:s|ed|ing)|[adewx]top|s[ry]op|st[ilp]p|sto[lo]?|tsop|sstop|stahp|block(?:ed|ing)?|wrong|dnc)$",
)

ENGLISH = Phrasebook(
    keywords=words("stop stopall unsubscribe cancel end quit revoke optout") | {"stop all", "opt out"},
    bare=words("stop st0p stopall unsubscribe unsub optout revoke quit remove"),
    fillers=any_of(
        "thank you|please|pls|plz|plse|kindly|just|thanks|thankyou|thx|ty|tks|really|already|sorry",
        "god|jesus|omg|ffs|wtf|fuck|fucking|fuckin|freaking|fricking|damn|damned|dammit|goddamn|bloody|hell|assholes?|idiots|lol",
    ),
    request=sentence(_REQUESTS, before=_BEFORE, after=_AFTER),
    doubt=any_of(*_DOUBTS),
    short_doubt=any_of(*_SHORT_DOUBTS),
    harmless=any_of(
        r"(?<!you )(?:do not|dont|never|cant|cannot|can not|wont|will not|didnt|without|wouldnt|non) stop",
        rf"(?:do not|dont|never) (?:{_UNSUBSCRIBE}|opt (?:me )?out|remove|cancel|take me off|delete)(?: (?:me|us|it))?",
        rf"{one_of('bus train tram metro subway truck rest pit full one next last first whistle tour')} stop",
        rf"stop {one_of('sign signs light lights watch')}",
    ),
)
