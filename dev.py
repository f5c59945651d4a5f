#!/usr/bin/env python3
"""Set up and run the project with nothing but Python 3.11+ and pip.

    python3 dev.py setup    install everything into .venv
    python3 dev.py demo     set up, then run ``rescind demo``
    python3 dev.py test     set up, then run all tests
    python3 dev.py faults   set up, then kill, hang and fill what the program runs on, for some minutes
    python3 dev.py check    set up, then run the linter and the type checker
    python3 dev.py mutation set up, then change core/ in thousands of ways and see whether its tests notice

Further arguments are passed on: ``python3 dev.py test tests/core -k consent``.
Only the standard library is imported: this file runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "installed"

COMMANDS: dict[str, list[list[str]]] = {
    "setup": [],
    "demo": [["-m", "rescind", "demo"]],
    "test": [["-m", "pytest"]],
    "faults": [["-m", "tests.faults", "short"]],
    "mutation": [["-m", "tests.mutation"]],
    "check": [["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."], ["-m", "mypy"]],
}
#: What a command needs besides, by the extra of pyproject.toml that names it.
EXTRAS = {"mutation": "mutation"}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status; 2 when the call is wrong."""
    if sys.version_info < (3, 11):  # noqa: UP036 - told here, before pip says it less clearly
        return fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    if os.name != "posix":
        return fail("Rescind runs on Linux and macOS; on Windows use WSL")
    name, *rest = arguments
    if rest and len(COMMANDS[name]) != 1:
        return fail(f"'{name}' takes no further arguments, got: {' '.join(rest)}")
    if not is_installed() and not install():
        return 1
    if name in EXTRAS and not run_all([[*pip(), "--quiet", "--no-build-isolation", "-e", f"{ROOT}[{EXTRAS[name]}]"]]):
        return 1
    for command in COMMANDS[name]:
        status = subprocess.call([str(PYTHON), *command, *rest], cwd=ROOT)
        if status != 0:
            return status
    return 0


def fail(message: str) -> int:
    """Print one line to stderr and return exit status 2."""
    print(f"dev.py: {message}", file=sys.stderr)
    return 2


def fingerprint() -> str:
    """Return a digest of all that decides what is installed, this place and this Python included."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_installed() -> bool:
    """Return True when .venv holds exactly what the lock file names."""
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def install() -> bool:
    """Create .venv, and install the locked dependencies and the project itself into it.

    Debian's Python comes without ``ensurepip`` and refuses installs outside a
    virtual environment, so the environment is made without pip and the pip
    of the outer Python (22.3 or newer) is pointed at it.
    """
    uv = shutil.which("uv")
    if uv:
        create = [uv, "venv", "--clear", "--python", sys.executable, str(VENV)]
    else:
        create = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)]
    steps = [
        create,
        [*pip(), "--quiet", "--require-hashes", "-r", str(LOCK)],
        [*pip(), "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    ]
    print(f"dev.py: installing into {VENV} …", file=sys.stderr)
    if not run_all(steps):
        return False
    STAMP.write_text(fingerprint())
    return True


def pip() -> list[str]:
    """Return the command that installs into .venv."""
    uv = shutil.which("uv")
    if uv:
        # As pip does; without it the first start of every process would compile all it imports.
        return [uv, "pip", "install", "--compile-bytecode", "--python", str(PYTHON)]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--disable-pip-version-check"]


def run_all(steps: list[list[str]]) -> bool:
    """Run one step after the other; return False at the first that fails, and say which."""
    for step in steps:
        if subprocess.call(step, cwd=ROOT) != 0:
            print(f"dev.py: this step failed: {' '.join(step)}", file=sys.stderr)
            return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
