from __future__ import annotations

import datetime as dt
import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.record.stories import charter

from pilotage.record.charter import Charter
from pilotage.record.digests import digest_of
from pilotage.record.stamps import Stamp
from pilotage.record.workload import Signature
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.reports.documents.charter import CharterTold, charter_document
from pilotage.reports.documents.model import Bullets, Document, Imprint, Note, Paragraph, Picture, content_of
from pilotage.reports.documents.page import page_of, policy
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.documents.wording import unmarked

AT = dt.datetime(2026, 3, 2, 9, microsecond=123456, tzinfo=dt.UTC)
IMPRINT = Imprint(workload="ticket-triage", position=1234, made_at=AT)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


def told(charter_: Charter | None = None, **changes) -> Document:
    """A charter as a document."""
    given_ = CharterTold(
        title="Ticket triage",
        charter=charter_ or charter(),
        team="Ann owns it.",
        version=2,
        holders={"owner": "ann", "sponsor": "sam"},
        given={},
        reach=None,
        name=str.capitalize,
        imprint=IMPRINT,
    )
    return charter_document(structs.replace(given_, **changes))


def signed(role: str, meaning: str) -> Signature:
    """A signature on the charter."""
    return Signature(
        subject="charter", digest="ab", role=role, meaning=meaning, stamp=Stamp(by="ann", at=AT, position=7)
    )


def pages(pdf: bytes) -> int:
    """How many pages a PDF says that it has."""
    return int(re.findall(rb"/Type/Pages/Count (\d+)", pdf)[0])


def test_a_digest_is_taken_once_and_is_of_the_content():
    """Footer, list and audit pack name the same text, taken over the content once; another content has another."""
    document = told()
    assert document.digest is document.digest
    assert document.digest == digest_of(content_of(document)) == told().digest
    assert document == told()
    assert structs.replace(document, subtitle="Other").digest != document.digest


def test_a_command_stands_in_quotation_marks_on_paper():
    """Paper has no type for commands in the middle of a sentence; a lone mark is left alone."""
    assert unmarked("Run `pilotage apply` once.") == "Run \u201cpilotage apply\u201d once."
    assert unmarked("a ` b") == "a ` b"


def test_a_charter_is_one_page():
    """A charter of common length is a PDF of exactly one page, and is measured as such."""
    document = told()
    assert pages(typesetter().pdf(document)) == 1
    fit = typesetter().fit(document)
    assert (fit.pages, fit.over_mm, fit.lines, fit.past) == (1, 0.0, 0, "")
    assert 0.3 < fit.used < 0.9


def test_what_is_too_long_is_measured_and_named():
    """The more there is, the more is over, and the first part past the page is named."""
    risks = ("A risk that is known.",)
    shorter, longer = (typesetter().fit(told(charter(risks=risks * many))) for many in (60, 80))
    assert pages(typesetter().pdf(told(charter(risks=risks * 60)))) == 2
    assert (shorter.pages, shorter.past) == (2, "Who")
    assert 1.0 < shorter.used < longer.used
    assert 0 < shorter.lines < longer.lines


def test_the_page_is_full_where_it_stops_to_fit():
    """The measured share passes 1 exactly where a second page begins."""
    fits = [typesetter().fit(told(charter(risks=("A risk.",) * many))) for many in range(20, 50, 3)]
    assert {fit.pages for fit in fits} == {1, 2}
    assert all((fit.used <= 1.0) == (fit.pages == 1) for fit in fits)


def test_signing_moves_nothing_on_the_page():
    """Signatures, however long, take the room that was kept for them; so the measurement holds after signing."""
    given_ = {role: signed(role, "I answer for it. " * 20) for role in ("owner", "sponsor")}
    assert typesetter().fit(told(given=given_)) == typesetter().fit(told())


def test_the_same_document_gives_the_same_bytes():
    """PDF and HTML come out the same to the byte, however often they are made; another document has another digest."""
    assert typesetter().pdf(told()) == typesetter().pdf(told())
    assert page_of(told()) == page_of(told())
    assert told().digest != told(team="Ben owns it.").digest


@settings(max_examples=40, deadline=None)
@given(ANY_TEXT)
def test_any_text_shows_as_itself(text):
    """Nothing that somebody typed is read as markup: the words are set as one plain text, and escaped in HTML."""
    blocks = (Paragraph(text), Bullets((text,)), Note(text=text))
    document = Document(kicker=text, title=text, subtitle=text, imprint=IMPRINT, blocks=blocks)
    setter = typesetter()
    setter.pdf(document)
    (item,) = json.loads(setter._compiler.query("list", field="children"))[0]
    shown = item["body"]
    assert shown == {"func": "text", "text": text} or not text.strip()
    assert "<script" not in page_of(structs.replace(document, title=f"<script>{text}"))


def test_markup_of_the_typesetter_is_only_text():
    """What would run or format in the typesetter's language is words here."""
    hostile = '#panic("x") *b* _i_ $x^2$ @ref <label> #import "/etc/passwd" \\ ` = ] } )'
    document = told(charter(purpose=hostile, risks=(hostile,)), team=hostile)
    assert pages(typesetter().pdf(document)) == 1
    assert "#panic(" in page_of(document)


def test_both_forms_carry_pictures_and_where_they_come_from():
    """A chart is a vector in both; the footer of the page names the ledger position and the digest."""
    data = ForestData(
        title="x",
        unit="points",
        points=(ForestRow(label="all", calls=10, value=1.0, low=0.0, high=2.0),),
        lines=(ForestLine(value=0.0, word="no difference"),),
    )
    document = structs.replace(told(), blocks=(Picture(data=data, alt="a chart", caption="All."),), compact=False)
    assert b"/Subtype/Image" not in typesetter().pdf(document)
    html = page_of(document)
    assert "data:image/svg+xml;base64," in html
    assert "ledger position 1,234" in html
    assert document.digest in html
    assert "sha256-" in policy()
