"""How a text is encoded, how many parts it makes, and what that costs.

https://developers.telnyx.com/docs/messaging/messages/message-encoding
"""

from decimal import Decimal

_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€\f")

_RATE = Decimal("0.00205")
_CARRIER_FEE = Decimal("0.00305")


def encoding_of(text: str) -> str:
    """``GSM-7`` when every character fits it, else ``UCS-2``."""
    return "GSM-7" if all(c in _GSM_BASIC or c in _GSM_EXTENDED for c in text) else "UCS-2"


def parts_of(text: str) -> int:
    """Count the SMS the text is split into; an empty one still makes one."""
    if encoding_of(text) == "GSM-7":
        size, single, several = sum(2 if c in _GSM_EXTENDED else 1 for c in text), 160, 153
    else:
        size, single, several = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if size <= single else -(-size // several)


def cost_of(parts: int) -> dict[str, str]:
    """Say what so many parts cost."""
    return _money((_RATE + _CARRIER_FEE) * parts)


def breakdown_of(parts: int) -> dict[str, dict[str, str]]:
    """Split the same cost into its components."""
    return {"carrier_fee": _money(_CARRIER_FEE * parts), "rate": _money(_RATE * parts)}


def nothing() -> dict[str, str]:
    """Give the cost of a message that was cancelled, spelled as Telnyx spells it."""
    return _money(Decimal("0.0"))


def _money(amount: Decimal) -> dict[str, str]:
    return {"amount": str(amount), "currency": "USD"}
