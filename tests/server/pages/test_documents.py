from __future__ import annotations

DOCUMENTS = "/api/v1/workloads/{}/documents"


def test_the_charter_comes_as_pdf_and_as_a_page(reading):
    """Both forms are of one document: the digest in the answer's header is in the page's footer."""
    reader = reading("nadia")
    pdf = reader.get(DOCUMENTS.format("ticket-triage") + "/charter.pdf")
    page = reader.get(DOCUMENTS.format("ticket-triage") + "/charter.html")
    assert (pdf.status_code, page.status_code) == (200, 200)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-type"] == "application/pdf"
    assert 'filename="ticket-triage-charter.pdf"' in pdf.headers["content-disposition"]
    digest = page.headers["pilotage-document-digest"]
    assert pdf.headers["pilotage-document-digest"] == digest
    assert digest in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert digest in reader.page("/w/ticket-triage/documents")


def test_the_same_record_gives_the_same_charter(reading):
    """Asked for twice, the charter is the same to the byte."""
    path = DOCUMENTS.format("ticket-triage") + "/charter.pdf"
    assert reading("nadia").get(path).content == reading("nadia").get(path).content


def test_what_cannot_be_made_says_why(reading):
    """A document that does not exist, or has nothing to be made of yet, is refused in a sentence."""
    reader = reading("nadia")
    for file in ("charter.docx", "charter", "nonsense.pdf"):
        answer = reader.get(f"{DOCUMENTS.format('ticket-triage')}/{file}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-document")
    listed = {one["id"]: one["missing"] for one in reader.get(DOCUMENTS.format("contract-search")).json()}
    missing = reader.get(DOCUMENTS.format("contract-search") + "/charter.pdf")
    if listed["charter"]:
        assert missing.json()["detail"] == listed["charter"]
    else:
        assert missing.status_code == 200


def test_the_form_says_how_much_fits_without_a_script(reading):
    """The page of the form states the measurement of what stands in it."""
    assert "of the page is used" in reading("nadia").page("/w/ticket-triage/charter/edit")


def test_the_operations_playbook_is_to_be_had_before_anybody_needs_it(reading):
    """It comes as PDF and as a page from the model of the page Operating, whatever it still lacks; both say how to
    switch the candidate off.
    """
    reader = reading("nadia")
    for slug in ("ticket-triage", "contract-search"):
        pdf = reader.get(DOCUMENTS.format(slug) + "/operations-playbook.pdf")
        page = reader.get(DOCUMENTS.format(slug) + "/operations-playbook.html")
        assert pdf.content.startswith(b"%PDF-")
        assert f"pilotage kill {slug}" in page.text
    assert "/documents/operations-playbook.pdf" in reader.page("/w/ticket-triage/operating/playbook")
