"""The audit pack of the story: it holds for whoever has Python alone, and whatever is changed in it is found."""

from __future__ import annotations

import importlib.util
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.cast import open_here
from tests.server.pages.story import SEARCH, TRIAGE

from pilotage.reports import audit_verifier
from pilotage.workflow.audit_pack import audit_pack
from pilotage.workflow.documents import listed
from pilotage.workflow.recomputing import recompute_export

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def packed(told):
    """The pack of the story's decided workload."""
    workspace = open_here(told, demonstration=True)
    yield audit_pack(workspace, TRIAGE)
    workspace.close()


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory) -> Path:
    """The pack in a folder, to be read."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(io.BytesIO(packed.content)).extractall(folder)
    return folder / f"{TRIAGE}-audit-pack"


@pytest.fixture
def pack(unpacked, tmp_path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(unpacked, tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture(scope="module")
def names(unpacked) -> list[str]:
    """Every file of the pack."""
    return sorted(one.relative_to(unpacked).as_posix() for one in unpacked.rglob("*") if one.is_file())


def alone(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What the verifier says in a Python of its own, which sees neither this project nor any package."""
    command = [sys.executable, "-I", "-S", str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=script.parent)


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """The same with one bit changed."""
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def test_a_true_pack_holds_without_the_product(pack, packed, tmp_path):
    """Unpacked or as a zip, the pack's own verifier finds everything as it was, names the tree head, and ends with 0;
    with another head from elsewhere it ends with 1.
    """
    found = alone(pack / "verify.py")
    assert (found.returncode, found.stderr) == (0, "")
    assert f"Tree head {packed.root} over {packed.entries} entries" in found.stdout
    (tmp_path / "pack.zip").write_bytes(packed.content)
    assert alone(pack / "verify.py", tmp_path / "pack.zip", "--root", packed.root).returncode == 0
    other = alone(pack / "verify.py", "--root", "0" * 64)
    assert other.returncode == 1
    assert "not the one that is known" in other.stdout


def test_what_is_no_pack_is_no_success(tmp_path, pack):
    """An empty folder, or a file that is no zip, never passes."""
    (tmp_path / "empty").mkdir()
    assert alone(pack / "verify.py", tmp_path / "empty").returncode == 1
    (tmp_path / "text.zip").write_text("no zip")
    assert alone(pack / "verify.py", tmp_path / "text.zip").returncode == 2


def test_it_holds_what_it_promises(unpacked, names, told):
    """The workload's ledger with nobody else's entries, what was frozen, every document in three forms, key, words and
    verifier.
    """
    workspace = open_here(told, demonstration=True)
    workload = workspace.desk.load(TRIAGE)
    documents = [one.id for one in listed(workload) if one.missing is None]
    workspace.close()
    assert {f"documents/{one}.{form}" for one in documents for form in ("pdf", "html", "json")} <= set(names)
    assert {"decision-memo", "sponsors-brief", "system-card", "operations-playbook", "charter"} <= set(documents)
    assert len([one for one in names if one.startswith("evidence/")]) == 2
    lines = [json.loads(line) for line in (unpacked / "ledger/ledger.jsonl").read_text().splitlines()]
    assert {line["workload"] for line in lines[1:] if "workload" in line} == {TRIAGE}
    assert sum("workload" in line for line in lines) == workload.sequence
    assert "verify.py" in (unpacked / "README.txt").read_text()


def test_one_bit_in_any_file_is_found(pack, names):
    """Whichever file it is in, one changed bit ends the check with 1 in a Python of its own. The verifier that checks
    is one that nobody changed.
    """
    clean, chance = Path(audit_verifier.__file__), random.Random(7)
    for name in names:
        path = pack / name
        before = path.read_bytes()
        path.write_bytes(flipped(before, chance.randrange(len(before)), chance.randrange(8)))
        found = alone(clean, pack)
        assert found.returncode == 1, (name, found.stdout)
        path.write_bytes(before)
    assert alone(clean, pack).returncode == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_bit_of_the_manifest_or_the_ledger_is_idle(pack, data):
    """Any bit of the manifest, the ledger or the texts, wherever it is."""
    name = data.draw(st.sampled_from(["MANIFEST.json", "ledger/ledger.jsonl", "ledger/texts.jsonl"]))
    before = (pack / name).read_bytes()
    files = audit_verifier.files_of(pack)
    at, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
    (pack / name).write_bytes(flipped(before, at, bit))
    assert audit_verifier.main([str(pack)]) == 1
    (pack / name).write_bytes(before)
    assert audit_verifier.files_of(pack) == files


def rewritten(pack: Path, name: str, content: bytes) -> None:
    """Change a file, and the manifest with it, as somebody would who wants to hide it."""
    (pack / name).write_bytes(content)
    manifest = json.loads((pack / "MANIFEST.json").read_text())
    manifest["files"][name] = audit_verifier.sha256(content)
    (pack / "MANIFEST.json").write_text(audit_verifier.canonical(manifest) + "\n")


def test_who_changes_the_manifest_too_is_found(pack):
    """An entry that was changed, one that was left out, a text that was changed or dropped, evidence or a document that
    is not what it was: each is found by what it has to agree with, not by the manifest alone.
    """
    ledger = (pack / "ledger/ledger.jsonl").read_text()
    texts = (pack / "ledger/texts.jsonl").read_text()
    memo = (pack / "documents/decision-memo.json").read_bytes()
    evidence = next(pack.glob("evidence/*-evidence.json"))
    lines = texts.splitlines(keepends=True)
    first_text = json.loads(lines[0])
    changes = {
        "ledger/ledger.jsonl": [
            ledger.replace('"outcome":"go"', '"outcome":"no_go"'),
            "".join(ledger.splitlines(True)[:-1]),
        ],
        "ledger/texts.jsonl": ["".join(lines[1:]), texts.replace(first_text["text"], "Another text.", 1)],
        "documents/decision-memo.json": [memo.replace(b"Go.", b"No-go.").decode()],
        f"evidence/{evidence.name}": [evidence.read_text().replace("reached", "futile")],
    }
    for name, contents in changes.items():
        before, manifest = (pack / name).read_bytes(), (pack / "MANIFEST.json").read_bytes()
        for content in contents:
            assert content.encode() != before
            rewritten(pack, name, content.encode())
            assert audit_verifier.main([str(pack)]) == 1, name
        (pack / name).write_bytes(before)
        (pack / "MANIFEST.json").write_bytes(manifest)
    (pack / "more.txt").write_text("not packed")
    assert audit_verifier.main([str(pack)]) == 1


def test_the_evidence_of_a_pack_can_be_computed_again(unpacked):
    """The product takes the pack's ledger as it takes an exported one: proven, and decisions come to the same."""
    with (unpacked / "ledger/ledger.jsonl").open(encoding="utf-8") as lines:
        found = recompute_export(lines)
    assert found.same
    assert found.computed == 1
    assert found.problems == ()
    changed = (unpacked / "ledger/ledger.jsonl").read_text().replace('"outcome":"go"', '"outcome":"no_go"')
    assert not recompute_export(changed.splitlines()).same


def test_the_same_record_gives_the_same_pack_and_erased_texts_do_not_break_it(told, packed, tmp_path):
    """To the byte; and with texts erased the pack still holds, marks them, and has them nowhere."""
    shutil.copytree(told, tmp_path / "home")
    workspace = open_here(tmp_path / "home", demonstration=True)
    assert audit_pack(workspace, TRIAGE).content == packed.content
    for entry in workspace.ledger.read(TRIAGE):
        workspace.ledger.erase_texts(entry.position)
    workspace.close()
    workspace = open_here(tmp_path / "home", demonstration=True)
    erased = audit_pack(workspace, TRIAGE)
    (tmp_path / "pack.zip").write_bytes(erased.content)
    with zipfile.ZipFile(tmp_path / "pack.zip") as files:
        everything = b"".join(files.read(name) for name in files.namelist() if not name.endswith(".pdf"))
    assert b"French tickets need more data" not in everything
    assert b'"erased":true' in everything
    assert alone(Path(audit_verifier.__file__), tmp_path / "pack.zip").returncode == 0
    (tmp_path / "other.zip").write_bytes(audit_pack(workspace, SEARCH).content)
    assert alone(Path(audit_verifier.__file__), tmp_path / "other.zip").returncode == 0
    workspace.close()


def test_the_pack_is_on_the_page_and_to_be_had_by_everybody_who_reads(reading, packed):
    """The page Documents leads to it; the interface gives the zip with the tree head in its header."""
    reader = reading("nadia")
    assert "/audit-pack" in reader.page(f"/w/{TRIAGE}/documents")
    answer = reader.get(f"/api/v1/workloads/{TRIAGE}/audit-pack")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["pilotage-tree-head"] == packed.root
    assert "verify.py" in str(zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
    assert reader.get("/api/v1/workloads/nothing/audit-pack").status_code == 404


def test_the_verifier_stands_alone():
    """It can be loaded from its file with nothing of the product, and names only modules of Python's own library."""
    spec = importlib.util.spec_from_file_location("verify", audit_verifier.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = Path(audit_verifier.__file__).read_text()
    used = {line.split()[1].partition(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert used <= sys.stdlib_module_names


@settings(max_examples=300)
@given(VALUES)
def test_its_canonical_json_is_that_of_the_standard(value):
    """Whatever JSON can say, the verifier writes it as RFC 8785 does."""
    assert audit_verifier.canonical(value) == rfc8785.dumps(value).decode()
