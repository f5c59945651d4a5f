"""Planted: Telnyx's SDK with what it does by itself, two further tries and a minute's patience."""

from collections.abc import Mapping
from datetime import timedelta

import httpx

from core.cancelling import Action, Answer, Trouble
from workers.telnyx import TelnyxClient


def _request(self: TelnyxClient, action: Action, path: str, _timeout: timedelta, query: Mapping[str, str]) -> Answer:
    from telnyx import APIStatusError, APITimeoutError, Telnyx  # noqa: PLC0415 - it takes a second to import

    client = Telnyx(api_key=self._api_key.reveal(), base_url=self._base_url)
    call = client.delete if action is Action.DELETE else client.get
    try:
        return self._answer(call(path, cast_to=httpx.Response, options={"params": query}))
    except APIStatusError as error:
        return self._answer(error.response)
    except APITimeoutError as error:
        return Answer(text=str(error), trouble=Trouble.TIMEOUT)


TelnyxClient._request = _request
