"""A terminal in an empty folder, with no settings from outside."""

from __future__ import annotations

import os

import pytest
from tests.cli.terminal import Terminal
from tests.server.cast import CHEAP


@pytest.fixture
def terminal(tmp_path, monkeypatch, capsys):
    """Commands run in an empty folder. Passwords are hashed as ever, with cheap parameters."""
    for name in [name for name in os.environ if name.startswith("PILOTAGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("pilotage.storage.accounts.accounts.PasswordHasher", lambda: CHEAP)
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, monkeypatch, capsys)
