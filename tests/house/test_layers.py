"""The direction of imports: data flows one way, and what an application imports stays light."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER_ONLY = (
    "numpy",
    "scipy",
    "pyarrow",
    "duckdb",
    "sqlalchemy",
    "alembic",
    "litestar",
    "uvicorn",
    "jinja2",
    "yaml",
    "click",
    "rich",
    "sklearn",
    "altair",
    "argon2",
)
# Their import alone costs more than an application should pay at start.
HEAVY = ("cryptography.hazmat.primitives", "http.client", "ssl", "asyncio", "multiprocessing")


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh process has loaded after running the code."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def within(loaded: set[str], packages: tuple[str, ...]) -> list[str]:
    """Which of the packages are among the modules."""
    return [name for name in packages if any(module == name or module.startswith(f"{name}.") for module in loaded)]


def test_importing_the_sdk_loads_no_server_library():
    """`import pilotage` pulls in nothing that only a server needs, whatever is installed beside it."""
    loaded = loaded_by("import pilotage")
    assert "pilotage" in loaded
    assert within(loaded, SERVER_ONLY) == []


def test_importing_the_sdk_loads_nothing_heavy():
    """What is needed only once a server is there is loaded then."""
    assert within(loaded_by("import pilotage"), HEAVY) == []


def test_using_the_sdk_loads_no_server_library():
    """A whole call in a folder, from wiring to the flush, goes without them too."""
    code = """
import os, tempfile, pilotage
with tempfile.TemporaryDirectory() as folder:
    desk = pilotage.workload("ticket-triage", home=folder)
    desk.incumbent(lambda ticket: "billing")
    assert desk.call({"text": "my invoice"}, unit="u1").value == "billing"
    assert pilotage.flush()
"""
    loaded = loaded_by(code)
    assert "pilotage.runtime.workload" in loaded
    assert within(loaded, SERVER_ONLY) == []


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_asking_the_command_line_for_help_loads_no_server(argument):
    """Help is there at once: no statistics, no storage, no web framework."""
    code = f"""
import contextlib, io
from pilotage.cli import main
sys.argv = ["pilotage", "{argument}"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
"""
    loaded = loaded_by(code)
    assert within(loaded, tuple(name for name in SERVER_ONLY if name not in {"click", "rich"})) == []


def test_the_import_contracts_hold():
    """import-linter finds every contract of pyproject.toml kept, and there are the ones that matter."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract for contract in contracts if contract["type"] == "layers"]
    assert layers["exhaustive"]
    assert layers["containers"] == ["pilotage"]
    assert len(contracts) >= 3
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(contracts)} kept, 0 broken." in done.stdout
