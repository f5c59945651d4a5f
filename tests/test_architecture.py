"""The folders, what each may import, and the size a file may have."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ALLOWED: dict[str, set[str]] = {
    "core": {"phonenumbers"},
    "schemas": {"core", "marshmallow", "environs"},
    "store": {"core", "sqlalchemy", "alembic", "redis", "rq", "structlog"},
    "ledger": {"core", "store", "sqlalchemy", "structlog"},
    "webhook_app": {
        *("core", "schemas", "store", "ledger", "flask", "flask_smorest", "werkzeug", "marshmallow", "webargs"),
        *("nacl", "sqlalchemy", "structlog", "httpx", "httpcore"),
    },
    "workers": {
        "core",
        "schemas",
        "store",
        "ledger",
        "rq",
        "redis",
        "telnyx",
        "httpx",
        "limits",
        "structlog",
        "sqlalchemy",
    },
    "simulator": {"flask", "werkzeug", "nacl"},
}
#: ``sqlalchemy`` above a store is for one annotation: the connection that a transaction passes down.
CONNECTION_ONLY = {"ledger", "webhook_app", "workers"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_folder_imports_only_what_it_may(folder):
    for path in modules(folder):
        roots = {name.split(".")[0] for name in imports_of(path)}
        foreign = roots - ALLOWED[folder] - {folder} - set(sys.stdlib_module_names)
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


def test_tables_never_leave_the_store():
    for folder in [*ALLOWED, "rescind"]:
        if folder != "store":
            for path in modules(folder):
                assert "store.tables" not in imports_of(path), path.relative_to(ROOT)


@pytest.mark.parametrize("folder", sorted(CONNECTION_ONLY))
def test_sql_is_written_in_the_store_alone(folder):
    for path in modules(folder):
        uses = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sa"
        }
        assert uses <= {"Connection"}, f"{path.relative_to(ROOT)} uses sa.{sorted(uses - {'Connection'})}"


def test_environment_is_read_at_the_composition_roots_alone():
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ALLOWED
        for path in modules(folder)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and getattr(node.value, "id", "") == "os"
    }
    assert readers == {"schemas/settings.py"}


def test_files_fit_in_one_reading():
    folders = [*ALLOWED, "rescind", "tests", "bench"]
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for each in folders for path in modules(each)}
    assert {path: length for path, length in lengths.items() if length > 300} == {}
