"""`pilotage document`: documents as files."""

from __future__ import annotations

import subprocess
import sys
import zipfile


def test_a_document_that_cannot_be_made_says_what_to_do(terminal):
    """Without a charter there is none to write, and the list says so; the ending of the file says the form."""
    terminal.settle_triage()
    listed = terminal.run("document", "ticket-triage")
    assert (listed.code, listed.err) == (0, "")
    assert "There is no charter yet" in listed.out
    refused = terminal.run("document", "ticket-triage", "charter", "-o", "charter.pdf")
    assert refused.code == 2
    assert refused.err == "Error: There is no charter yet; write it on the Charter page.\n"
    other = terminal.run("document", "ticket-triage", "charter", "-o", "charter.docx")
    assert "ends in neither .pdf nor .html" in other.err


def test_the_audit_pack_is_a_file_that_proves_itself(terminal, tmp_path):
    """Made in the terminal, the pack holds for a Python that knows nothing of the product."""
    terminal.settle_triage()
    file = tmp_path / "pack.zip"
    made = terminal.run("audit-pack", "ticket-triage", "--out", str(file))
    assert (made.code, made.err) == (0, "")
    with zipfile.ZipFile(file) as pack:
        pack.extractall(tmp_path)
    script = tmp_path / "ticket-triage-audit-pack" / "verify.py"
    found = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    unknown = terminal.run("audit-pack", "nothing")
    assert unknown.code != 0
    assert "nothing" in unknown.err
