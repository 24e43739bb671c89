"""The tabs Architecture and Operating model, their tables as CSV, and the operations playbook as it is kept."""

from __future__ import annotations

import csv
import hashlib
import io
import re

import httpx
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import PASSWORD, TRIAGE

AT = f"/w/{TRIAGE}"
EMPTY = "/w/contract-search"


def test_the_architecture_shows_both_answers_and_the_gaps(reading):
    """Each area has the pilot's and production's answer and what becomes of it; a closed gap says how."""
    page = reading("priya").page(f"{AT}/architecture")
    assert page.count("Good enough for the pilot") == 7
    assert "Three processes behind the gateway." in page
    assert "Loaded with twice the volume." in page
    assert f"{AT}/do/design_area?area=scale" in page
    rows = list(csv.DictReader(io.StringIO(reading("priya").page(f"{AT}/gaps.csv"))))
    assert [(row["gap"], row["state"], row["blocking"]) for row in rows] == [("no-load-test", "closed", "yes")]
    areas = list(csv.DictReader(io.StringIO(reading("priya").page(f"{AT}/architecture.csv"))))
    assert len(areas) == 7


def test_an_empty_tab_teaches_the_next_step(reading):
    """Where nothing is on record the pages say what to write, and link to nothing that the reader may not give."""
    reader = reading("ruth")
    assert "What does production still lack?" in reader.page(f"{EMPTY}/architecture")
    operating = reader.page(f"{EMPTY}/operating")
    assert "What is there to take care of" in operating
    assert "Nobody is on call." in operating
    assert "/do/offer_role" not in operating


def test_the_operating_model_shows_who_accepted_what(reading):
    """Roles and items show their state with who answered, and offer an answer only to those who may give it."""
    page = reading("emil").page(f"{AT}/operating")
    assert "Emil Larsen" in page
    assert page.count("accepted") >= 8
    assert f"{AT}/do/refuse_role?role=operations" in page
    assert f"{AT}/do/refuse_role?role=product" not in page
    assert f"{AT}/do/accept_handoff_item" not in page
    rows = list(csv.DictReader(io.StringIO(reading("emil").page(f"{AT}/handoff.csv"))))
    assert [row["state"] for row in rows] == ["accepted"] * 3


def test_the_playbook_is_kept_as_markdown(reading):
    """The download names who is called, how to switch off and each procedure, and its digest can be recomputed."""
    answer = reading("emil").get(f"{AT}/operating/playbook.md")
    assert answer.headers["content-disposition"] == f'attachment; filename="{TRIAGE}-operations-playbook.md"'
    text = answer.text
    for part in (f"pilotage kill {TRIAGE}", "Emil Larsen: pager 4711", "alert:drift", "guardrail:slow_answers"):
        assert part in text
    body, _, foot = text.rpartition("\n---\n")
    assert re.search(r"([0-9a-f]{64})$", foot.strip()).group(1) == hashlib.sha256(body.encode()).hexdigest()


def test_a_role_is_taken_on_with_the_password(changed):
    """Accepting asks for the credential; without it nothing is written, and with it the page shows the acceptance."""
    owner = httpx.Client(base_url=changed.url, cookies={SESSION: session_of(changed.url, "nadia")}, timeout=60.0)
    emil = httpx.Client(base_url=changed.url, cookies={SESSION: session_of(changed.url, "emil")}, timeout=60.0)
    form = owner.get(f"{AT}/do/offer_role?role=vendor").text
    csrf = re.search(r'name="csrf" value="([^"]*)"', form).group(1)
    base = re.search(r'name="base" value="([^"]*)"', form).group(1)
    priya = re.search(r'value="([^"]*)"[^>]*>Priya Nair', form).group(1)
    sent = {"csrf": csrf, "role": "vendor", "person": priya, "base": base}
    assert owner.post(f"{AT}/do/offer_role", data=sent).status_code == 303
    refused = emil.get(f"{AT}/operating").text
    assert "waits for an answer" in refused
    engineer = httpx.Client(base_url=changed.url, cookies={SESSION: session_of(changed.url, "priya")}, timeout=60.0)
    assert "Accept or refuse the vendor role." in engineer.get(f"{AT}/operating").text
    form = engineer.get(f"{AT}/do/accept_role?role=vendor").text
    csrf = re.search(r'name="csrf" value="([^"]*)"', form).group(1)
    answer = engineer.post(f"{AT}/do/accept_role", data={"csrf": csrf, "role": "vendor"})
    assert answer.status_code in {401, 403, 422}
    data = {"csrf": csrf, "role": "vendor", "statement": "Contracts are mine.", "credential": PASSWORD}
    assert engineer.post(f"{AT}/do/accept_role", data=data).status_code == 303
    assert "Contracts are mine." in engineer.get(f"{AT}/operating").text
    for client in (owner, emil, engineer):
        client.close()
