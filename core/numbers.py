"""Phone numbers in E.164, the one form in which they are compared."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
#: Short codes receive STOP as long codes do.
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_MASKED_FROM, _MASKED_TO = 5, -4


def e164(raw: str) -> str | None:
    """Return the number in E.164 (``+15551230001``), or None when it is not a number with its country code.

    Only possible lengths are asked for, since newer area codes are unknown to the number tables.
    """
    if _E164.fullmatch(raw):
        return raw
    if not raw.strip().startswith("+"):
        return None
    try:
        parsed = phonenumbers.parse(raw, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@cache
def country_code(prefix: str) -> str:
    """Return the calling code of the country (``44``) that numbers with these first four characters are of.

    Empty for what is no number in E.164.
    """
    digits = prefix[1:]
    codes = (digits[:length] for length in (1, 2, 3))
    is_number = prefix.startswith("+") and digits.isascii() and digits.isdigit()
    return next((code for code in codes if is_number and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), "")


def is_sender(raw: str) -> bool:
    """Return True when a text message can have come from this: an E.164 number or a short code."""
    return bool(_E164.fullmatch(raw) or _SHORT_CODE.fullmatch(raw))


def masked(number: str) -> str:
    """Return the number fit for a log line: ``+1555•••0001``."""
    if len(number) <= _MASKED_FROM - _MASKED_TO:
        return "•••"
    return f"{number[:_MASKED_FROM]}•••{number[_MASKED_TO:]}"
