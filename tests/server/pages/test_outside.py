"""The tab Outside results: what was brought, with a file whose digest alone is kept, and who signs it."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re

import httpx
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import PASSWORD, TRIAGE

AT = f"/w/{TRIAGE}"


def signed_in(url: str, username: str) -> httpx.Client:
    """Somebody with a session."""
    return httpx.Client(base_url=url, cookies={SESSION: session_of(url, username)}, timeout=60.0)


def hidden(page: str, name: str) -> str:
    """What a hidden field carries along."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found.group(1)


def test_the_tab_shows_figures_limits_and_signers(reading):
    """A signed result shows as attested in its gate; one that nobody signed says so; nothing is offered to a reader."""
    page = reading("priya").page(f"{AT}/outside")
    assert "minutes until it was acknowledged" in page
    assert "at most 15" in page
    assert "Nobody else has signed this yet." in page
    assert "/do/sign_outside_result?criterion=operate.drill" in page
    assert "/do/" not in re.sub(r"/do/kill", "", reading("ruth").page(f"{AT}/outside"))
    gate = reading("priya").page(AT)
    row = gate[gate.index('id="harden.observability"') :].split("</tr>")[0]
    assert "harden.observability · attested" in row
    assert "Brought from outside, not measured here" in row
    rows = list(csv.DictReader(io.StringIO(reading("priya").page(f"{AT}/outside.csv"))))
    drill = [row for row in rows if row["criterion"] == "operate.drill"]
    assert [(row["figure"], row["limit"], row["signed by"]) for row in drill] == [
        ("calls without an answer", "0", ""),
        ("minutes to roll back", "10", ""),
    ]


def test_the_interface_tells_the_digest_that_is_signed(reading):
    """The JSON holds every criterion that takes a result, with figures, who brought and who signed it."""
    found = reading("priya").get(f"/api/v1/workloads/{TRIAGE}/outside-results").json()["criteria"]
    by_id = {one["criterion"]: one for one in found}
    assert by_id["harden.observability"]["newest"]["counts"] is True
    assert by_id["operate.drill"]["newest"]["signed"] is None
    assert re.fullmatch("[0-9a-f]{64}", by_id["operate.drill"]["newest"]["digest"])
    assert by_id["harden.scale"]["newest"] is None
    assert "evaluate.target" not in by_id


def test_a_report_is_brought_as_a_file_and_signed_by_another(changed):
    """The file's digest goes on the record; who brought it is refused; another signs with the password."""
    with signed_in(changed.url, "emil") as emil, signed_in(changed.url, "priya") as priya:
        form = emil.get(f"{AT}/do/record_outside_result?criterion=harden.cost").text
        report = b"%PDF-1.7 the brake acted"
        today = max(dt.date.fromisoformat(day) for day in re.findall(r"2026-03-[0-9]{2}", emil.get(AT).text))
        sent = {
            "csrf": hidden(form, "csrf"),
            "base": hidden(form, "base"),
            "criterion": "harden.cost",
            "tested": "A budget of one dollar was used up on purpose.",
            "tested_on": str(min(today, dt.date(2026, 3, 24))),
            "tool": "the desk's own script",
            "figures": "calls after the brake, 0, calls, <= 0",
            "conclusion": "passed",
            "statement": "The brake acted at the first call beyond the budget.",
        }
        refused = emil.post(f"{AT}/do/record_outside_result", data=sent, files={"document": ("", b"")})
        assert refused.status_code == 422
        assert "Say where the report is kept" in refused.text
        assert "used up on purpose" in refused.text
        taken = emil.post(f"{AT}/do/record_outside_result", data=sent, files={"document": ("report.pdf", report)})
        assert taken.status_code == 303, taken.text
        assert taken.headers["location"].startswith(f"{AT}/outside?recorded=")
        assert hashlib.sha256(report).hexdigest() in emil.get(f"{AT}/outside").text

        form = priya.get(f"{AT}/do/sign_outside_result?criterion=harden.cost").text
        given = {
            "csrf": hidden(form, "csrf"),
            "criterion": "harden.cost",
            "digest": hidden(form, "digest"),
            "statement": "I watched it happen.",
        }
        assert priya.post(f"{AT}/do/sign_outside_result", data=given).status_code in {401, 403, 422}
        mine = emil.post(
            f"{AT}/do/sign_outside_result",
            data=given | {"csrf": hidden(emil.get(AT).text, "csrf"), "credential": PASSWORD},
        )
        assert mine.status_code == 422
        assert "somebody else has to look at it" in mine.text
        assert priya.post(f"{AT}/do/sign_outside_result", data=given | {"credential": PASSWORD}).status_code == 303
        gate = priya.get(AT).text
        row = gate[gate.index('id="harden.cost"') :].split("</tr>")[0]
        assert "harden.cost · attested" in row
