"""`pilotage doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import contextlib
import sqlite3

from pilotage.cli.doctor import modules, python_version
from pilotage.reports.charts import bundle


def findings(terminal, **settings):
    """What the doctor found, by check."""
    return {one["check"]: one for one in terminal.run("doctor", "--json", **settings).json["findings"]}


def test_a_sound_installation_is_fine(terminal):
    """With nothing wrong every check is fine or a note, and the exit code is 0."""
    terminal.settle_triage()
    ran = terminal.run("doctor")
    assert (ran.code, ran.err) == (0, "")
    checks = {line.split()[1]: line.split()[0] for line in ran.out.splitlines()}
    assert checks["ledger"] == checks["calls"] == checks["clock"] == checks["accounts"] == "fine"
    assert checks["server"] == "note"


def test_without_a_workspace_it_still_answers(terminal):
    """In an empty folder the doctor checks what there is, and makes nothing."""
    found = findings(terminal)
    assert found["workspace"]["health"] == "note"
    assert "ledger" not in found
    assert not terminal.home.exists()


def test_open_keys_are_wrong(terminal):
    """Keys that others on the machine can read are wrong, with the command that closes them."""
    terminal.settle()
    key = terminal.home / "keys" / "signing.pem"
    key.chmod(0o644)
    ran = terminal.run("doctor")
    assert (ran.code, ran.err) == (1, "1 thing to mend.\n")
    found = findings(terminal)["permissions"]
    assert found["found"] == "Others can read .pilotage/keys/signing.pem."
    assert found["do"] == "Run: chmod 600 .pilotage/keys/signing.pem"


def test_a_changed_ledger_is_wrong(terminal):
    """A ledger that differs from what was written is wrong, and so is one that does not open."""
    terminal.settle_triage()
    with contextlib.closing(sqlite3.connect(terminal.home / "pilotage.db")) as database:
        database.execute("DROP TRIGGER entries_refuse_update")
        database.execute("UPDATE entries SET actor = 'somebody-else' WHERE position = 2")
        database.commit()
    assert findings(terminal)["ledger"]["health"] == "wrong"
    (terminal.home / "pilotage.db").write_bytes(b"this is no database" * 100)
    found = findings(terminal)["workspace"]
    assert found["health"] == "wrong"


def test_a_server_that_is_gone_is_wrong(terminal):
    """A server that was announced and does not answer is named, and so is one that the environment names."""
    terminal.settle()
    (terminal.home / "server.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1}', encoding="utf-8")
    (terminal.home / "server.json").chmod(0o600)
    found = findings(terminal)["server"]
    assert (found["health"], found["found"]) == ("wrong", "http://127.0.0.1:9 does not answer.")
    named = findings(terminal, url="http://127.0.0.1:9", token="t")["PILOTAGE_URL"]
    assert named["health"] == "wrong"


def test_an_old_python_and_missing_extras_are_wrong():
    """Too old a Python and missing libraries are wrong, an extra that one may do without is a note."""
    assert python_version((3, 10, 2)).health == "wrong"
    assert python_version((3, 11, 0)).health == "fine"
    missing = modules("server", ("no_such_library",), needed=True)
    assert (missing.health, missing.do) == ("wrong", "Install it: pip install 'pilotage[server]'.")
    assert modules("demo", ("no_such_library",), needed=False).health == "note"


def test_accounts_without_a_password_are_noted(terminal):
    """Somebody who could not sign yet is named."""
    terminal.run("user", "add", "ada", "--name", "Ada", "--role", "admin")
    assert findings(terminal)["accounts"]["found"] == "Without a password: ada."


def test_charts_that_do_not_answer_are_noted(terminal, tmp_path, monkeypatch):
    """Without their script the doctor says that charts are pictures only, and how to build it; building mends it."""
    monkeypatch.setattr(bundle.found, "__defaults__", (tmp_path,))
    monkeypatch.setattr(bundle.build, "__defaults__", (tmp_path,))
    found = findings(terminal)["charts"]
    assert (found["health"], found["do"]) == ("note", "Build their script once: pilotage charts.")
    built = terminal.run("charts", "--json")
    assert built.code == 0
    assert built.json["bytes"] > 500_000
    assert findings(terminal)["charts"]["health"] == "fine"
