"""The decision memo of the story: what was frozen stays, whatever happens to the record later."""

from __future__ import annotations

import hashlib
import shutil

import msgspec
import pytest
from tests.server.cast import open_here
from tests.server.pages.story import MATCHING, SEARCH, TRIAGE

from pilotage.record import commands as c
from pilotage.record.context import Actor
from pilotage.reports.documents.memo_findings import DECIDED, DECISION, WORDS
from pilotage.reports.documents.model import Bullets, Document, Note, Paragraph, Picture, Signatures, Table
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.documents.wording import entry as entry_words
from pilotage.workflow.documents import document_of, listed
from pilotage.workflow.errors import NoDocument


@pytest.fixture
def workspace(told, tmp_path):
    """A copy of the story's workspace, open in this process."""
    shutil.copytree(told, tmp_path / "home")
    opened = open_here(tmp_path / "home", demonstration=True)
    yield opened
    opened.close()


def memo(workspace, slug: str = TRIAGE) -> Document:
    """The memo as it stands."""
    return document_of(workspace, workspace.desk.judge(slug), "decision-memo")


def of_kind(document: Document, kind: type) -> list:
    """The blocks of a kind."""
    return [block for block in document.blocks if isinstance(block, kind)]


def test_a_decided_memo_says_what_was_frozen(workspace):
    """Verdicts are those that the decision froze, the target is shown with its band, floor and target, and both
    signatures stand with the digest that they cover.
    """
    document, judgement = memo(workspace), workspace.desk.judge(TRIAGE)
    workload = judgement.workload
    decision = workload.decisions[-1]
    assert document.kicker == "Decision memo · decision 1"
    receipts = workload.deciding.receipts[decision.digest]
    assert document.imprint.position == max(stamp.position for stamp in receipts.values())
    titles = {one.id: one.title for phase in judgement.playbook.phases for one in phase.criteria}
    tables = [one for one in of_kind(document, Table) if "verdict" in {column.title for column in one.columns}]
    shown = {row[0]: row[1] for table in tables for row in table.rows}
    asked = {
        name: said for name, said in decision.verdicts.items() if name.split(".")[0] in DECIDED and name != DECISION
    }
    assert shown == {titles[name]: WORDS.get(said, said) for name, said in asked.items()}
    target = of_kind(document, Picture)[0].data
    assert target.floor < target.target
    assert any(point.band_low is not None for point in target.points)
    (signed,) = of_kind(document, Signatures)
    assert [(one.role, one.name, bool(one.at)) for one in signed.items] == [
        ("owner", "Nadia Rahman", True),
        ("sponsor", "Jonas Weber", True),
    ]
    page = page_of(document)
    assert decision.digest in page
    assert "Priya: French tickets need more data." in page
    assert any("shows only once they see them" in one for one in of_kind(document, Bullets)[-1].items)


def test_the_case_is_frozen_under_the_digest_that_is_signed(workspace):
    """The ledger holds the case before the decision, its content has the digest that the decision names, and the
    reasons of the verdicts, which may quote people, are no part of what is hashed.
    """
    decision = workspace.desk.load(TRIAGE).decisions[-1]
    entries = {entry.kind: entry for entry in workspace.ledger.read(TRIAGE)}
    case = entries["case_frozen"]
    assert case.position < entries["decided"].position
    assert hashlib.sha256(case.payload["content"].encode()).hexdigest() == case.payload["digest"] == decision.case
    assert case.payload["reasons"].keys() == {"commitment"}
    assert not any("reason" in one for one in msgspec.json.decode(case.payload["content"])["verdicts"])


def test_a_memo_lists_whom_it_reached(workspace):
    """Each recipient stands with why, the entry that sent it, and the receipt; a draft lists whom it would reach."""
    workload = workspace.desk.load(TRIAGE)
    digest = workload.decisions[-1].digest
    (table,) = [one for one in of_kind(memo(workspace), Table) if "receipt" in {column.title for column in one.columns}]
    (sent,) = workload.deciding.sent_of(digest)
    receipts = workload.deciding.receipts[digest]
    assert {row[0] for row in table.rows} >= {"Nadia Rahman", "Jonas Weber", "Clara Fontaine"}
    assert all(entry_words(sent.stamp.position) in row[2] for row in table.rows)
    kinds = {row[0]: row[3].split()[0] for row in table.rows}
    assert (kinds["Nadia Rahman"], kinds["Clara Fontaine"]) == ("signed", "confirmed")
    assert sum(kind == "confirmed" for kind in kinds.values()) == len(receipts)
    draft = [one for one in of_kind(memo(workspace, MATCHING), Table) if "receipt" in {c.title for c in one.columns}]
    assert {(row[2], row[3]) for table in draft for row in table.rows} == {("not yet", "not confirmed")}


def test_nothing_later_changes_a_memo(workspace):
    """A comment, another estimate and a step back later, the memo is the same to the byte; it stays to be had under its
    number, and the memo itself is a draft of the next decision.
    """
    before, nadia = memo(workspace), workspace.desk.load(TRIAGE).owner
    owner = Actor(person=nadia, roles=frozenset({"owner"}))
    workspace.desk.issue(owner, TRIAGE, c.Comment(comment="Another remark."))
    assert typesetter().pdf(memo(workspace)) == typesetter().pdf(before)
    workspace.desk.issue(owner, TRIAGE, c.GoBack(to_phase="evaluate", reason="Another look."))
    assert memo(workspace).kicker == "Decision memo · draft"
    judgement = workspace.desk.judge(TRIAGE)
    assert "decision-memo-1" in {one.id for one in listed(judgement.workload)}
    assert page_of(document_of(workspace, judgement, "decision-memo-1")) == page_of(before)


def test_texts_that_were_erased_do_not_break_a_memo(workspace):
    """With every personal text of the ledger erased the memo can still be made, says so where they stood, and keeps
    every verdict and figure.
    """
    before = memo(workspace)
    for entry in workspace.ledger.read(TRIAGE):
        workspace.ledger.erase_texts(entry.position)
    workspace.close()
    again = open_here(workspace.home, demonstration=True)
    after = memo(again)
    assert "[erased]" in page_of(after)
    assert "French tickets need more data" not in page_of(after)
    assert [one.data for one in of_kind(after, Picture)] == [one.data for one in of_kind(before, Picture)]
    assert typesetter().pdf(after).startswith(b"%PDF-")


def test_before_a_decision_it_is_a_draft(workspace):
    """A draft says so first, has no digest to sign and no signature, and says what nobody has measured or estimated."""
    document = memo(workspace, MATCHING)
    first = document.blocks[0]
    assert isinstance(first, Note)
    assert first.text.startswith("Draft.")
    (signed,) = of_kind(document, Signatures)
    assert not any(one.at for one in signed.items)
    assert any("Whoever disagrees says so" in one.text for one in of_kind(document, Paragraph))


def test_without_a_charter_there_is_no_memo(workspace):
    """Nothing was promised, so nothing can be decided: the refusal says what to do."""
    with pytest.raises(NoDocument, match="There is no charter yet"):
        memo(workspace, SEARCH)
