"""A process and its workloads: one object each, light to import, flushed at the end, renewed after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.runtime.rig import SLUG, spooled

import pilotage
from pilotage.runtime import process

ROOT = Path(__file__).parents[2]


def run(script, home, **environment):
    """Run a script in a fresh process; what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**clean, "PILOTAGE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_workload_is_the_same_object(home, monkeypatch):
    """Asking twice for a workload with the same settings gives the same object; other settings another."""
    monkeypatch.setattr(process, "_workloads", {})
    one = pilotage.workload(SLUG, home=home)
    assert pilotage.workload(SLUG, home=home) is one
    assert pilotage.workload(SLUG, home=home, source="replay") is not one
    assert pilotage.workload("mail-desk", home=home) is not one
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"slug": "Ticket Triage"}, "bad-slug"),
        ({"slug": ""}, "bad-slug"),
        ({"slug": SLUG, "source": "test"}, "bad-source"),
        ({"slug": SLUG, "url": "localhost:8400"}, "bad-url"),
    ],
)
def test_settings_that_can_never_be_right_are_refused(home, arguments, code):
    """A slug, source or address that cannot be right is refused where the workload is named."""
    with pytest.raises(pilotage.InvalidUse) as caught:
        pilotage.workload(**arguments)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_release_needs_a_name(opened, name):
    """A release without a usable name is refused where it is registered."""
    with pytest.raises(pilotage.InvalidUse) as caught:
        opened().candidate(release=name)
    assert caught.value.code == "bad-release"


def test_the_environment_names_the_server(home, monkeypatch):
    """Without arguments, the environment says where server and folder are; the token is for a server only."""
    monkeypatch.setattr(process, "_workloads", {})
    monkeypatch.setenv("PILOTAGE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PILOTAGE_TOKEN", "secret")
    monkeypatch.setenv("PILOTAGE_HOME", str(home))
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "staging")
    settings = pilotage.workload(SLUG).settings
    assert (settings.url, settings.token, settings.home, settings.environment) == (
        "http://127.0.0.1:9",
        "secret",
        home,
        "staging",
    )
    monkeypatch.delenv("PILOTAGE_URL")
    assert pilotage.workload(SLUG).settings.token is None


def test_importing_the_sdk_loads_nothing_heavy(home):
    """Importing pilotage loads no HTTP client, no cryptography, no event loop, and no server library."""
    heavy = ("http.client", "ssl", "asyncio", "cryptography", "numpy", "duckdb", "sqlalchemy", "litestar", "yaml")
    script = f"import sys, pilotage; print([name for name in {heavy!r} if name in sys.modules])"
    assert run(script, home).strip() == "[]"


def test_leaving_the_process_flushes(home):
    """A script that just ends leaves every call on disk, in a complete segment."""
    script = f"""
import pilotage
workload = pilotage.workload("{SLUG}")
workload.incumbent(lambda ticket: "rules")
for number in range(1000):
    workload.call(number)
"""
    run(script, home)
    assert len(spooled(home)[0]) == 1000
    assert [path.suffix for path in (home / "spool" / SLUG).iterdir()] == [".seg"]


def test_flushing_waits_for_every_workload(home):
    """`pilotage.flush` says whether everything recorded so far, by every workload, is on disk."""
    script = """
import pilotage
for slug in ("a", "b"):
    workload = pilotage.workload(slug)
    workload.incumbent(lambda ticket: "rules")
    workload.call(slug)
print(pilotage.flush(5))
import os
os._exit(0)
"""
    assert run(script, home).strip() == "True"
    assert [len(spooled(home, slug)[0]) for slug in ("a", "b")] == [1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the operating system has no fork")
def test_a_forked_child_has_its_own_ids_and_threads(home):
    """Parent and children record on after a fork: each call exactly once, and no id twice."""
    script = f"""
import os, pilotage
workload = pilotage.workload("{SLUG}")
workload.incumbent(lambda ticket: "rules")
for number in range(100):
    workload.call(["before", number])
children = []
for child in range(3):
    pid = os.fork()
    if pid == 0:
        for number in range(100):
            workload.call([child, number])
        workload.outcome("0" * 32, "label", child)
        assert pilotage.flush(10)
        os._exit(0)
    children.append(pid)
for number in range(100):
    workload.call(["after", number])
for pid in children:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""
    run(script, home)
    calls, outcomes = spooled(home)
    assert len(calls) == 500
    assert len({call.input for call in calls.values()}) == 500
    assert len({call_id[:20] for call_id in calls}) == 4
    assert sorted(outcome.value for outcome in outcomes.values()) == ["0", "1", "2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the operating system has no fork")
def test_a_forked_child_keeps_the_lease(home, issuer):
    """A child serves under the lease that its parent had, from its first call on."""
    issuer.leave(home, issuer.lease("shadow"))
    script = f"""
import os, pilotage
workload = pilotage.workload("{SLUG}")
workload.incumbent(lambda ticket: "rules")
assert workload.lease.mode == "shadow"
(workload.settings.home / "leases" / "{SLUG}.json").unlink()
pid = os.fork()
if pid == 0:
    os._exit(0 if workload.lease.mode == "shadow" else 1)
assert os.waitpid(pid, 0)[1] == 0
"""
    run(script, home)


def test_a_releases_digest_is_its_source_and_artefacts(tmp_path, monkeypatch):
    """The digest changes with the module's source and with every artefact, and with nothing else."""
    monkeypatch.syspath_prepend(str(tmp_path))
    source, weights = tmp_path / "triage_model.py", tmp_path / "weights.bin"
    source.write_text("def model(ticket):\n    return 'billing'\n")
    weights.write_bytes(b"1")
    import triage_model  # noqa: PLC0415 - written a moment ago

    first = pilotage.release_digest(triage_model.model, [weights])
    assert len(first) == 64
    assert first == pilotage.release_digest(triage_model.model, [str(weights)])
    assert first != pilotage.release_digest(triage_model.model)
    weights.write_bytes(b"2")
    assert first != pilotage.release_digest(triage_model.model, [weights])
    weights.write_bytes(b"1")
    source.write_text("def model(ticket):\n    return 'other'\n")
    assert first != pilotage.release_digest(triage_model.model, [weights])
    with pytest.raises(FileNotFoundError):
        pilotage.release_digest(triage_model.model, [tmp_path / "absent"])


def test_a_function_without_a_file_is_known_by_its_code():
    """In a notebook the function's own code is the release: another constant makes another, a second run does not."""

    def defined(text):
        space = {"__name__": "notebook"}
        exec(text, space)  # noqa: S102 - a cell of a notebook
        return pilotage.release_digest(space["model"])

    cell = "def model(x):\n    return (lambda y: y + 1)(x)\n"
    assert defined(cell) == defined(f"\n\n{cell}")
    assert defined(cell) != defined(cell.replace("+ 1", "+ 2"))


def test_wrapping_a_function_does_not_change_its_release(tmp_path, monkeypatch):
    """A partial, a wrapper or an object is known by the code that was written, not by what wraps it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "wrapped_model.py").write_text(
        "import functools\n\n"
        "def model(ticket, limit=1):\n    return limit\n\n"
        "part = functools.partial(model, limit=2)\n\n"
        "class Model:\n    def __call__(self, ticket):\n        return 1\n"
    )
    import wrapped_model  # noqa: PLC0415 - written a moment ago

    digests = {
        pilotage.release_digest(function)
        for function in (wrapped_model.model, wrapped_model.part, wrapped_model.Model(), wrapped_model.Model)
    }
    assert len(digests) == 1
