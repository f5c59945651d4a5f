"""When the states allow marketing to be sent: a table of their laws, each with its source and how sure it is.

This is engineering input, not legal advice. What sources disagree on is marked as disputed, with what they disagree
on, and counts only where it is asked for. A state that is not named has no hours of its own that we know of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

#: When the table was last gone through.
AS_OF = date(2025, 11, 1)
#: "before the hour of 8 a.m. or after 9 p.m. (local time at the called party's location)"
FEDERAL = "47 CFR 64.1200(c)(1); https://www.law.cornell.edu/cfr/text/47/64.1200"

_SURVEY = "https://www.dropcowboy.com/state-compliance"
_OTHER_SURVEY = "https://blog.clickpointsoftware.com/telemarketing-calling-hours-by-state"
#: Monday first; None is a day on which nothing may be sent.
Week = tuple["Hours | None", ...]


class Confidence(StrEnum):
    """How sure a row is."""

    HIGH = "high"
    """The law was read."""
    MEDIUM = "medium"
    """Independent surveys agree."""
    LOW = "low"
    """Surveys disagree, or only some of them name it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when something may be sent, by local time; the end is outside."""

    opens: time
    closes: time

    def __str__(self) -> str:
        """Return them as people write them."""
        return f"{self.opens:%H:%M} to {self.closes:%H:%M}"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One state's hours; of several rows of one state each must be kept."""

    state: str
    week: Week
    source: str
    confidence: Confidence
    on_holidays: bool = True
    """False: nothing on federal holidays."""
    disputed: str = ""
    """What sources disagree on; empty: nothing."""
    as_of: date = AS_OF

    def hours(self, day: date, holiday: str | None) -> Hours | None:
        """Return the hours of a day, or None when nothing may be sent on it."""
        return None if holiday and not self.on_holidays else self.week[day.weekday()]


class Disputed(StrEnum):
    """The states of which a row is disputed."""

    MA = "MA"
    MI = "MI"
    MN = "MN"
    MS = "MS"
    NM = "NM"
    NV = "NV"
    RI = "RI"
    TX = "TX"
    WA = "WA"


def _from_to(opens: int, closes: int) -> Hours:
    return Hours(time(opens), time(closes))


def _daily(opens: int, closes: int) -> Week:
    return (_from_to(opens, closes),) * 7


def _week(working: Hours, saturday: Hours, sunday: Hours | None) -> Week:
    return (*(working,) * 5, saturday, sunday)


def _but_sunday(opens: int, closes: int) -> Week:
    return _week(_from_to(opens, closes), _from_to(opens, closes), None)


FEDERAL_HOURS = _from_to(8, 21)
ROWS = (
    Row("AL", _but_sunday(8, 20), f"Ala. Code 8-19A-14; {_SURVEY}", Confidence.MEDIUM, on_holidays=False),
    Row("CT", _daily(9, 20), f"Conn. Gen. Stat. 42-288a; {_SURVEY}", Confidence.MEDIUM),
    Row(
        "FL",
        _daily(8, 20),
        "Fla. Stat. 501.616(6)(a); http://www.lawserver.com/law/state/florida/statutes/florida_statutes_501-616",
        Confidence.HIGH,
    ),
    Row("KY", _daily(10, 21), f"KRS 367.46955; {_SURVEY}", Confidence.MEDIUM),
    Row("LA", _but_sunday(8, 20), f"La. R.S. 45:844.11 ff.; {_SURVEY}", Confidence.MEDIUM, on_holidays=False),
    Row("MD", _daily(8, 20), f"Md. Code, Com. Law 14-4501 ff.; {_SURVEY}", Confidence.MEDIUM),
    Row("MS", _but_sunday(8, 20), f"Miss. Code 77-3-601 ff.; {_SURVEY}", Confidence.MEDIUM),
    Row("OK", _daily(8, 20), f"15 O.S. 775C.4; {_SURVEY}", Confidence.MEDIUM),
    Row("MA", _daily(8, 20), _SURVEY, Confidence.LOW, disputed="named by some surveys only"),
    Row("MI", _daily(9, 21), _SURVEY, Confidence.LOW, disputed="named by some surveys only"),
    Row("MN", _daily(9, 21), _SURVEY, Confidence.LOW, disputed="named by some surveys only"),
    Row(
        "MS",
        _but_sunday(8, 20),
        "https://dnc.dreamhosters.com/2019-january-restricted-call-dates",
        Confidence.LOW,
        on_holidays=False,
        disputed=f"holidays: closed by this list, open by {_SURVEY}",
    ),
    Row("NM", _daily(9, 21), _SURVEY, Confidence.LOW, disputed="named by some surveys only"),
    Row("NV", _daily(9, 20), _SURVEY, Confidence.LOW, disputed="named by some surveys only"),
    Row(
        "RI",
        _week(_from_to(9, 18), _from_to(10, 17), None),
        f"R.I. Gen. Laws 5-61-3.6; {_SURVEY}",
        Confidence.LOW,
        on_holidays=False,
        disputed="weekends and holidays",
    ),
    Row(
        "TX",
        _week(_from_to(9, 21), _from_to(9, 21), _from_to(12, 21)),
        "Tex. Bus. & Com. Code ch. 301; https://www.cloudcommunications.com/news/texas-senate-bill-140",
        Confidence.LOW,
        disputed="whose time: the recipient's, as here, or that of Texas "
        "(https://www.foster.com/newsroom-alerts-texas-expands-telemarketing-law-to-cover-text-messagesms-marketing-"
        "what-companies-need-to-know)",
    ),
    Row(
        "WA",
        _daily(8, 20),
        f"RCW 80.36.390, 19.158.110; {_OTHER_SURVEY}",
        Confidence.LOW,
        disputed="until 20:00 or 21:00",
    ),
)


def rows_of(disputed: frozenset[Disputed]) -> dict[str, tuple[Row, ...]]:
    """Return the rows that count, by their states; disputed ones only of the states given."""
    counting = [row for row in ROWS if not row.disputed or row.state in disputed]
    return {row.state: tuple(each for each in counting if each.state == row.state) for row in counting}
