from __future__ import annotations

import io

import click
from rich.console import Console

from rescind.demo.screen import Lines, Picture
from tests.processes import wait_for

LEDGER = {"registered": 3, "pending": 1, "cancelled": 2, "released": 0, "breach": 0}
MESSAGE = {
    "recipients": [{"phone_number": "+15557650101"}],
    "campaign": "winback",
    "send_at": "2026-05-01T14:30:00Z",
    "cancel_by": "2026-05-01T14:28:30Z",
    "ledger": "cancelled",
}


def shown(kind, *, is_terminal) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=140, height=40, highlight=False)
    with kind(console) as screen:
        screen.act("the first act")
        screen.act("the second act")
        screen.expect(2)
        screen.sums(LEDGER)
        screen.sums(LEDGER)
        screen.cancelled(MESSAGE, "+15557650101 opted out (Stop!)")
        if is_terminal:
            assert wait_for(lambda: "opted out" in out.getvalue())
    return click.unstyle(out.getvalue())


def test_a_pipe_gets_each_act_and_each_change_as_a_line():
    lines = shown(Lines, is_terminal=False).splitlines()

    assert [line[9:] for line in lines] == [
        "the first act",
        "the second act",
        "  pending 1, cancelled 2, released 0, breach 0 (to be cancelled: 2)",
    ]


def test_a_terminal_gets_a_picture_that_ends_with_all_acts_done():
    picture = shown(Picture, is_terminal=True)

    last = picture[picture.rindex("the first act") :]
    assert "▸" in picture
    assert "▸" not in last
    assert "2/2 cancelled" in last
    assert "+15557650101 winback 14:30:00Z 14:28:30Z cancelled" in " ".join(last.split())
    assert "opted out (Stop!)" in last
