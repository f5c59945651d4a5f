"""What a file may hold, and that one line of it spoils no other."""

from __future__ import annotations

import io

import pytest

from core.errors import RequestInvalid
from rescind.importing_files import LONGEST_LINE, Entries, Format
from schemas.imports import Said
from tests.reports import NOW, message_id

ONE, TWO, THREE = (message_id(number) for number in (1, 2, 3))


def entries(raw: bytes, *, name: str = "-", chosen: Format | None = None) -> Entries:
    return Entries(io.BytesIO(raw), name, chosen=chosen, default=Said(), now=lambda: NOW)


def told(raw: bytes, **more) -> list[tuple[int, str | None]]:
    """The number of each record, and its message or None."""
    return [(each.number, each.line.message_id if each.line else None) for each in entries(raw, **more)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(f"id\n{ONE}\n{TWO}\n", [(2, ONE), (3, TWO)], id="ids alone"),
        pytest.param(f"\ufeffid\n{ONE}\n", [(2, ONE)], id="a byte order mark"),
        pytest.param(f"id,campaign\r\n{ONE},sale\r\n", [(2, ONE)], id="lines end as on Windows"),
        pytest.param(f"\n\nid\n\n{ONE}\n\n  \n,\n{TWO}", [(5, ONE), (9, TWO)], id="blank lines, and no end"),
        pytest.param(f'"id","tags"\n"{ONE}","a,b"\n', [(2, ONE)], id="quoted"),
        pytest.param(f"ID , Campaign\n {ONE.upper()} , sale \n", [(2, ONE)], id="upper case and blanks"),
        pytest.param(f"id;campaign\n{ONE};sale\n", [(2, ONE)], id="semicolons"),
        pytest.param(f"id\tcampaign\n{ONE}\tsale\n", [(2, ONE)], id="tabs"),
        pytest.param(f'text,id\n"two\nlines, ""so""",{ONE}\nx,{TWO}\n', [(2, ONE), (4, TWO)], id="a line break quoted"),
        pytest.param(
            f"id,campaign\n{ONE}\n{TWO},sale,too much\n{THREE},\n", [(2, ONE), (3, None), (4, THREE)], id="widths"
        ),
        pytest.param(f"id\n{ONE}\n{ONE}\n", [(2, ONE), (3, ONE)], id="twice"),
        pytest.param(f'id\n{ONE}\n"{TWO}\n{THREE}\n', [(2, ONE), (3, None), (4, THREE)], id="a quote never closed"),
        pytest.param(f'id\n{ONE}\n"{TWO}"x\n{THREE}\n', [(2, ONE), (3, None), (4, THREE)], id="a quote closed early"),
        pytest.param(f"id\n{ONE}\n\0\n{TWO}\n", [(2, ONE), (3, None), (4, TWO)], id="a NUL"),
        pytest.param(f'id,x\n{ONE},"a\n\0"\n{TWO},\n', [(2, None), (3, None), (4, TWO)], id="a NUL within quotes"),
        pytest.param("id\nnot-an-id\n42\n", [(2, None), (3, None)], id="no ids"),
        pytest.param("id\n", [], id="a header alone"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_csv(raw, expected):
    assert told(raw.encode(), chosen=Format.CSV) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(f'"{ONE}"\n{{"id": "{TWO}"}}\n', [(1, ONE), (2, TWO)], id="ids and objects"),
        pytest.param(f"{ONE}\n{TWO.upper()}", [(1, ONE), (2, TWO)], id="ids without quotes"),
        pytest.param(
            f'\ufeff"{ONE}"\r\n\r\n  \r\n"{TWO}"\r\n', [(1, ONE), (4, TWO)], id="a byte order mark, and blanks"
        ),
        pytest.param(
            f'{{"id"\n"{ONE}"\n[]\n7\nnull\n', [(1, None), (2, ONE), (3, None), (4, None), (5, None)], id="not these"
        ),
        pytest.param(f'{{"id": "{ONE}", "id": "{TWO}"}}\n', [(1, None)], id="two keys that are equal"),
        pytest.param('{"a":' * 5000 + "\n", [(1, None)], id="nested without end"),
        pytest.param(f'"{ONE}\\u0000"\n', [(1, None)], id="a NUL"),
    ],
)
def test_json_lines(raw, expected):
    assert told(raw.encode(), chosen=Format.JSONL) == expected


@pytest.mark.parametrize(
    ("name", "first_line", "expected"),
    [
        ("ids.csv", "id", Format.CSV),
        ("ids.CSV", "id", Format.CSV),
        ("ids.jsonl", ONE, Format.JSONL),
        ("ids.ndjson", ONE, Format.JSONL),
        ("-", "id", Format.CSV),
        ("-", '"id"', Format.CSV),
        ("-", "\nid;campaign", Format.CSV),
        ("-", ONE, Format.JSONL),
        ("ids.txt", f'"{ONE}"', Format.JSONL),
        ("-", '{"id": 1}', Format.JSONL),
        ("-", "", Format.CSV),
    ],
)
def test_format_is_told_by_the_name_or_by_the_first_line(name, first_line, expected):
    assert entries(f"{first_line}\n".encode(), name=name).format is expected


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"message,campaign\n", "no column is called 'id' in the header (message, campaign)", id="no id"),
        pytest.param(f"{ONE},sale\n".encode(), "the first line is no header", id="no header"),
        pytest.param(b"id,campaign,ID\n", "the column 'id' is there twice", id="twice"),
        pytest.param("id\n".encode("utf-16"), "save it as UTF-8", id="UTF-16"),
        pytest.param(b"\xe4,id\n", "line 1, the header, is not UTF-8", id="Latin-1"),
        pytest.param(b'"id\n', "line 1, the header, cannot be read as CSV", id="a quote never closed"),
        pytest.param(b'[{"id": 1}]\n', "one id or object a line", id="a list"),
    ],
)
def test_file_that_cannot_be_meant_is_refused_as_a_whole(raw, words):
    with pytest.raises(RequestInvalid) as caught:
        entries(raw)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_line_that_is_longer_than_sane_is_one_line_and_is_not_kept():
    long = b"x" * (3 * LONGEST_LINE)
    (first, second) = entries(b"id\n" + long + b"\n" + ONE.encode(), chosen=Format.CSV)

    assert (first.number, first.line, first.raw) == (2, None, b"")
    assert "longer than" in (first.problem or "")
    assert (second.number, second.line.message_id) == (3, ONE)


def test_line_that_is_not_utf_8_says_so_and_is_kept_as_it_is():
    (entry,) = entries(b"id,campaign\n" + ONE.encode() + b",Fr\xfchling\n")

    assert (entry.raw, entry.line) == (ONE.encode() + b",Fr\xfchling\n", None)
    assert "is not UTF-8" in (entry.problem or "")


def test_quote_that_is_never_closed_does_not_swallow_what_follows():
    rows = [f"{message_id(number)},\n" for number in range(500)]
    rows[100] = f'{message_id(100)},"sale\n'
    read = entries(("id,campaign\n" + "".join(rows)).encode())

    assert [each.number for each in read if each.line is None] == [102]


def test_columns_that_mean_nothing_are_named_with_what_may_have_been_meant():
    header = entries(b"id,campain,to\n").header

    assert header.passed_over == ["campain; did you mean 'campaign'?", "to"]


def test_reading_holds_no_more_than_a_line():
    """A file without end is read as far as somebody asks for its lines."""

    class Endless(io.RawIOBase):
        def readline(self, size=-1):
            self.read_ = getattr(self, "read_", 0) + 1
            return b"id\n" if self.read_ == 1 else f"{message_id(self.read_)}\n".encode()

    stream = Endless()
    read = iter(Entries(stream, "-", chosen=None, default=Said(), now=lambda: NOW))
    assert [next(read).number for _ in range(5)] == [2, 3, 4, 5, 6]
    assert stream.read_ == 6
