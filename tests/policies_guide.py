"""The guide to policies, taken apart: its entries, its tables, and what it shows of commands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

GUIDE = (Path(__file__).parents[1] / "docs/policies.md").read_text()
#: By the name of the policy.
ENTRIES = dict(re.findall(r"(?ms)^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", GUIDE))


def section(title: str) -> str:
    """Return what stands under a heading, up to the next of its height."""
    found = re.search(rf"(?ms)^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,3}} |\Z)", GUIDE)
    assert found is not None, title
    return found[2]


def rows(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose head begins so, cell by cell."""
    lines = text[text.index(f"| {head} |") :].split("\n\n", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """Return what a cell has in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str, language: str = "") -> list[str]:
    """Return what is set as code in this language."""
    every = re.findall(r"(?ms)^ *```(\w*)\n(.*?)^ *```$", text)
    return [textwrap.dedent(body) for named, body in every if named == language]


def shows(example: str, output: str) -> bool:
    """Return True when an example shows this output; ``…`` stands for anything in a line, alone for any lines."""
    lines = [line.rstrip() for line in example.splitlines() if line.strip()]
    expected = "".join(r"(?:.*\n)*" if line.strip() == "…" else f"{_anything(line)}\n" for line in lines)
    told = "".join(f"{line.rstrip()}\n" for line in output.splitlines() if line.strip())
    return re.search(rf"(?m)^{expected}", told) is not None


def _anything(line: str) -> str:
    return re.escape(line).replace("…", ".+")
