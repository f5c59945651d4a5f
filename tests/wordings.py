"""Texts as people write them, by how they are read: this is the specification of ``core.wording``."""

from core.consent import Language, Tier

EN, ES, FR, PT, DE = Language


def each(texts, *more):
    """Return texts that are written one after the other, parted by bars, and some that cannot be written so."""
    return [*(text.strip() for text in texts.replace("\n", " ").split(" | ")), *more]


KEYWORD = each(
    """
    STOP | stop | STOP. | Stop!!! | "STOP" | stop  all | STOPALL | Stop-all | unsubscribe | Cancel | END | quit |
    Revoke | OPT OUT | opt-out | OptOut | *opt out*
""",
    "  Stop  ",
    "STOP \U0001f6d1",
    "ST\u200bOP",
    "s\xadtop",
    "\uff33\uff34\uff2f\uff30",
    "stop\nall",
)
PHRASES = each(
    """
    please stop | Stop please | Stop. Thank you | STOP thanks! | Pls stop | stop stop stop | STOOOOP | S T O P |
    Please stop texting me | stop texting | STOP TEXTING ME!!! | Stop fucking texting me | quit texting me please |
    stop sending me messages | Stop sending me these texts | Please stop sending text messages to this number |
    Stop messaging me. | stop contacting me | stop these messages | stop all texts | STOP SMS | End all messages |
    cancel texts | no more texts | No more messages please! | no texts please | no further messages |
    Do not contact me | do not text me again | don't text me | dont message me |
    Please do not send me any more messages | don't send me anything | never text me again | take me off your list |
    Please take me off this list. | take me off | remove me | Remove me from your list | remove my number |
    Remove my number from your database please | delete my number | get me off your texting list |
    unsubscribe me please | Please unsubscribe | unsubscribe me from this list | unsub | opt me out | Opt out please |
    I want to opt out | I would like to unsubscribe | I'd like to opt out of these messages | how do I unsubscribe? |
    How do I opt out | how can I get off this list? | I revoke my consent | I withdraw my consent to these texts |
    I don't want these messages | I do not want any more texts from you | I don't wish to receive promotional texts |
    I don't want to be contacted | leave me alone | lose my number | can you please stop |
    Could you stop texting me? | I told you to stop texting me | I said stop |
    You have the wrong number. Stop texting me | wrong number please remove | Who is this? Stop texting me! |
    Hi, please remove me from your list. Thanks! | not interested please stop texting me |
    Stop texting me or I will report you | Please stop texting me, I am not interested | Hello please take me off |
    STOP UNSUBSCRIBE | Please. Stop. Texting. Me. | stop spamming me | remove 6125550101 from list |
    unsuscribe | unsubcribe | Unsubscibe! | UN-SUBSCRIBE | un subscribe | Unsubscribed | UNSUBSCRIBE ALL |
    Please unsuscribe me from this list | Opted out | I have already opted out | ST0P | st0p texting me |
    STOPTEXTING | stopnow | I don't want to receive these anymore | I no longer wish to receive these |
    I dont wanna get these | I no longer want these texts | I never want to hear from you again |
    No longer interested, please remove | Not interested anymore. Remove | I do not consent | I do not give consent |
    I no longer consent to these texts | You don't have my permission to text me | Cease and desist | CEASE |
    Please discontinue | discontinue these messages | cease all communication | no further contact please |
    don't send me these | do not send to this number | Don't send me any more | Get me off this |
    get me off of these texts | remove us from these messages | I want to stop receiving these messages |
    turn off notifications | disable these alerts | Consent revoked | I revoked my consent |
    don't ever text me again | I told you not to text me | dnt text me | erase my number
""",
    "Don\u2019t text this number anymore",
    "Stop!\nUnsubscribe.",
)
DOUBTFUL = each("""
    please stop by | Can you stop by the office at 5? | We have got to STOP this bill! | STOP 12345 | stop 2 |
    can I cancel my appointment? | Please cancel my order | cancel please | please end | the end | quit it |
    Reply STOP to opt out | STOP being so expensive lol | stp? | stp | sotp | stop sending me to voicemail |
    stop texting me at work | stop sending me so many texts | remove John from your list | Did you stop texting me? |
    Why did you stop texting me | You people never listen, I asked for this to stop ages ago |
    I am going to sue you if you do not stop this nonsense | my brother said stop texting me lol | make it stop |
    Wrong number | You have the wrong person | this is spam | spam | go away | fuck off | this is harassment |
    I want to unsubscribe from the gym | how do I cancel? | don't text me while I am driving, call me | enough! |
    revoke his access please | stop it | I need you to stop the delivery | STOP! In the name of love |
    the bus stop is closed, please stop over there | 1 stop | cancel my 3pm and stop the reminders for Tuesday |
    Am I unsubscribed? | I unsubscribed weeks ago and still get these | I opted out of this last month | STOP2 |
    Stop2Stop | STOP2END | STOPALLTEXTS | stopit | Stopped | stops | STOPED | Stip | dtop | cancle | DO NOT SEND |
    don't send this to my old phone | i dont want these | I don't want this | I don't want it anymore |
    I do not want any more of these | No longer interested | Not interested anymore | I no longer want this |
    I did not consent to this | I did not give you permission | I never agreed to this | I never signed up for this |
    I didn't ask for these | without my consent | How did you get my number? | Why do you keep texting me |
    I asked not to be contacted | I'd like to be taken off | Get me off this thing | discontinue the service |
    Turn these off | Delete | Terminate | nomore | no contact | get lost | fuck you | Do not call |
    don't call me again | DNC | Put me on your do not call list | Do not disturb | Block | I will block you |
    I am reporting you | I will sue you | text me again and I'll sue | I'm telling the FCC | this is a scam |
    unsolicited | so sick of these texts
""")
NOTHING = each(
    """
    ... | Hello | What time does it start? | Yes | YES please | START! | thanks | OK | Who is this? | don't stop |
    never stop | We can't stop now | nonstop | non-stop fun | bus stop | What time does the bus stop here |
    I am at the bus stop | one stop shop | full stop | there is a stop sign | stopover | the bus stopped |
    At the end of the day it works | When does the sale end on Sunday? | I quit my job last week |
    was my order cancelled? | please don't unsubscribe me | do not remove me | Not interested | no | No thanks |
    Disliked "Big sale, reply STOP to opt out" | removed the old part | a stopgap | weekend | See you at the event |
    Call me when you are done | 12345 | Y | I do not want to miss it! | I don't want to be late | I don't need it |
    I don't want to get sick | we don't need them | I didn't get it | I never received my order |
    I don't like this one | I don't want this one, the blue one please | I don't want it to rain |
    I don't have permission to park there |
    I did not authorize this charge | I didn't sign up yet, how do I? | I never asked for a refund |
    Is this product discontinued? | I no longer need the appointment | I no longer live there | Please send it |
    Don't send the driver before 5 | Please don't call me before 9 | Do not worry | Never mind | subscribe |
    I subscribed last week | opt in | Yes, with my consent | I stopped by | I stoped by earlier |
    I'm stopping by at 5 | Keep sending these | I want these | No communication from you | I'm unsure | unstable |
    unsuitable | get me a coffee | I get off at 5 | drop me off here | Get me out of here |
    I want to report a pothole | block 5, unit 2 | what's wrong? | turn off the lights | I'm sick of this weather |
    text me again tomorrow | any updates? | ask Sue
""",
    "",
    "Don\u2019t stop believing",
    "\U0001f44e",
    "\U0001f44d",
    "Liked \u201cSpring sale! Reply STOP to end\u201d",
)
ABROAD = {
    ES: {
        Tier.KEYWORD: each("""
            ALTO | Baja | cancelar | dar de baja | DETENER | parar
        """),
        Tier.PHRASE: each("""
            No me envíen más mensajes | no me escriban más por favor | Dejen de enviarme mensajes | no más mensajes |
            Quiero darme de baja | por favor denme de baja de su lista | quítenme de la lista | borren mi número |
            No quiero recibir más mensajes | ya no quiero mensajes | déjenme en paz | pare por favor | alto gracias
        """),
        Tier.DOUBTFUL: each("""
            ¿Puedo cancelar mi cita? | Número equivocado | no me interesa | baja el precio | fin
        """),
        None: each("""
            Hola | No pare | ¿A qué hora es la cita? | para mañana está bien | más alto que ayer | gracias
        """),
    },
    FR: {
        Tier.KEYWORD: each("""
            ARRET | Arrêt | arrêter | désabonner | Désinscription | annuler
        """),
        Tier.PHRASE: each("""
            Arrêtez de m'envoyer des messages | ne m'envoyez plus de SMS svp | Ne me contactez plus | plus de messages |
            Désabonnez-moi | veuillez me désinscrire de votre liste | Retirez-moi de votre liste |
            laissez-moi tranquille |
            Je ne veux plus recevoir de messages | je souhaite me désabonner | supprimez mon numéro | arrêt svp
        """),
        Tier.DOUBTFUL: each("""
            Puis-je annuler mon rendez-vous ? | mauvais numéro | arrêtez vos bêtises | fin
        """),
        None: each("""
            Bonjour | sans arrêt | l'arrêt de bus | à quelle heure ? | merci beaucoup
        """),
    },
    PT: {
        Tier.KEYWORD: each("""
            PARAR | pare | SAIR | cancelar | descadastrar
        """),
        Tier.PHRASE: each("""
            Pare de me enviar mensagens | não me mande mais mensagens | chega de mensagens | parem de mandar mensagem |
            Não quero mais receber mensagens | me descadastre | me tire da lista por favor | remova meu número |
            quero sair da lista | me deixe em paz | parar obrigado
        """),
        Tier.DOUBTFUL: each("""
            Posso cancelar minha consulta? | número errado | pessoa errada | fim
        """),
        None: each("""
            Olá | não pare | que horas? | vou sair de casa agora mesmo | obrigado
        """),
    },
    DE: {
        Tier.KEYWORD: each("""
            STOPP | abmelden | Abbestellen | kündigen | beenden
        """),
        Tier.PHRASE: each("""
            Bitte keine SMS mehr | keine Nachrichten mehr | Schreiben Sie mir nicht mehr | bitte nicht mehr schreiben |
            Hören Sie auf mir zu schreiben | Melden Sie mich ab | löschen Sie meine Nummer | lassen Sie mich in Ruhe |
            Ich möchte keine Nachrichten mehr | Nehmen Sie mich von der Liste | bitte abmelden | Newsletter abbestellen
        """),
        Tier.DOUBTFUL: each("""
            Kann ich meinen Vertrag kündigen? | falsche Nummer | Ende | ich wollte das Abo abbestellen oder?
        """),
        None: each("""
            Hallo | nicht stoppen | Wann beginnt es? | am Ende des Tages | danke
        """),
    },
}
