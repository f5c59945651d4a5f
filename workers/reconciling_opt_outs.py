"""Telnyx's list of opt-outs: a refusal that is not known here is recorded as if its text had come.

Source: https://developers.telnyx.com/api-reference/opt-out-management/list-opt-outs
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from core import consent
from core.consent import Consent, ConsentKind
from core.deciding import Rules
from core.errors import EventInvalid
from core.numbers import masked
from ledger import consenting
from schemas import telnyx_lists
from schemas.telnyx_lists import ListedOptOut
from store import consents, known
from store.consents import HeardConsent
from store.engine import Database
from workers.inquiring import Inquirer, Refused
from workers.reconciling_deliveries import SOURCE
from workers.tallying import SourceName, Tally, Window
from workers.telnyx import Listing

log = structlog.get_logger()

_PAGE_SIZE = 250


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Who opted out at Telnyx."""

    database: Database
    inquirer: Inquirer
    rules: Callable[[], Rules]
    ring: Callable[[], object]
    now: Callable[[], datetime]
    name: SourceName = SourceName.OPT_OUTS

    def heal(self, window: Window, tally: Tally) -> str:
        """Compare, record what is missing, and return how far it came. Raises Unanswered and Refused."""
        seen: set[str] = set()
        for rows in self._pages(window):
            for row in rows:
                try:
                    listed = telnyx_lists.opt_out(row)
                except EventInvalid as error:
                    log.error("opt_out_unreadable", reason=str(error))  # noqa: TRY400 - one line says it all
                    tally.reported += 1
                    tally.failed += 1
                    continue
                if listed.name not in seen:
                    seen.add(listed.name)
                    tally.reported += 1
                    self._take(listed, tally, is_dry=window.is_dry)
        return window.until.isoformat()

    def _pages(self, window: Window) -> Iterator[list[Any]]:
        """Yield all of the list; where Telnyx does not give the whole of it, that of each messaging profile.

        Raises Refused at the end when there is a profile that it does not give either.
        """
        query = {"created_at[gte]": window.since.isoformat(), "created_at[lte]": window.until.isoformat()}
        try:
            yield from self.inquirer.pages(Listing.OPT_OUTS, query, size=_PAGE_SIZE)
        except Refused as error:
            refusal = error
        else:
            return
        with self.database.read() as connection:
            profiles = known.messaging_profiles(connection)
        refused = 0
        for profile in profiles:
            asked = {**query, "filter[messaging_profile_id]": profile}
            try:
                yield from self.inquirer.pages(Listing.OPT_OUTS, asked, size=_PAGE_SIZE)
            except Refused as error:
                refused += 1
                log.warning("opt_outs_refused", messaging_profile_id=profile, reason=str(error))
        if refused:
            raise Refused(f"{refusal}; nor does it list those of {refused} of {len(profiles)} messaging profiles")
        if not profiles:
            raise refusal

    def _take(self, listed: ListedOptOut, tally: Tally, *, is_dry: bool) -> None:
        heard = _heard(listed, self.now())
        with self.database.read() as connection:
            history = consents.of(connection, {listed.phone_number}).get(listed.phone_number, [])
        if any(held.event_id == listed.name for held in history) or consent.is_known(history, heard.word):
            tally.held += 1
            return
        if not is_dry:
            rules = self.rules()
            with self.database.begin() as connection:
                consenting.hear(connection, [heard], rules, now=heard.received_at)
            self.ring()
        tally.healed += 1
        log.info("opt_out_recovered", phone_number=masked(listed.phone_number), event_id=listed.name)


def _heard(listed: ListedOptOut, now: datetime) -> HeardConsent:
    word = Consent(
        phone_number=listed.phone_number,
        kind=ConsentKind.OPT_OUT,
        effective_at=consent.effective_at(ConsentKind.OPT_OUT, listed.created_at, now),
        messaging_profile_id=listed.messaging_profile_id,
        event_id=listed.name,
        source=SOURCE,
        evidence=listed.keyword or "on Telnyx's list of opt-outs",
    )
    return HeardConsent(word, occurred_at=listed.created_at, received_at=now)
