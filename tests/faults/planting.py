"""Plants a fault in child processes without a switch in the program: one function is replaced as Python starts.

A fault is a module of ``tests.faults.plants``. Children run from a folder that holds the source by links, and a
``sitecustomize`` which imports that module before anything else runs.
"""

from __future__ import annotations

from pathlib import Path

from tests.faults.fleet import ROOT

_SOURCE = ("core", "schemas", "store", "ledger", "webhook_app", "workers", "rescind", "simulator", "tests")


def root_with(plant: str, folder: Path) -> Path:
    """Make the folder and return it, for a fleet whose processes all have the fault."""
    folder.mkdir(parents=True)
    for name in _SOURCE:
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    (folder / "sitecustomize.py").write_text(f"import tests.faults.plants.{plant}\n")
    return folder
