"""A broken guardrail is seen everywhere until somebody closes it."""

from __future__ import annotations

import shutil

import httpx
from tests.server.cast import open_here
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE
from tests.server.pages.test_reading_pages import text_of
from tests.server.served import serving

from pilotage.record import facts as f


def test_a_broken_guardrail_is_on_every_page_until_it_is_closed(told, tmp_path):
    """Every page of the workload says which guardrail broke, where and how; whoever may close it finds the form."""
    home = tmp_path / "home"
    shutil.copytree(told, home)
    workspace = open_here(home, demonstration=True)
    broken = f.GuardrailBreached(
        metric="slow_answers",
        stage="live-5/1",
        reason="Answers slower than 250 ms: far more than promised.",
        difference=-0.2,
        low=-0.25,
        high=-0.15,
        calls=900,
    )
    workspace.desk.record(TRIAGE, lambda _judgement: [broken])
    workspace.close()
    with (
        serving(home, demonstration=True) as server,
        httpx.Client(base_url=server.url, cookies={SESSION: session_of(server.url, "emil")}) as operator,
        httpx.Client(base_url=server.url, cookies={SESSION: session_of(server.url, "ruth")}) as viewer,
    ):
        for part in ("", "/charter", "/evidence", "/calls"):
            said = text_of(viewer.get(f"/w/{TRIAGE}{part}").text)
            assert "1 guardrail broken, not resolved: the candidate is taken back to shadow." in said, part
            assert "Answers slower than 250 ms: far more than promised." in said
            assert "Close it" not in said
        assert "1 guardrail broken" in text_of(viewer.get("/").text)
        assert f'href="/w/{TRIAGE}/do/resolve_breach"' in operator.get(f"/w/{TRIAGE}").text
        form = operator.get(f"/w/{TRIAGE}/do/resolve_breach").text
        secret = form.split('name="csrf" value="')[1].split('"')[0]
        closed = {"csrf": secret, "metric": "slow_answers", "reason": "A cache was cold; it is warmed at start now."}
        assert operator.post(f"/w/{TRIAGE}/do/resolve_breach", data=closed).status_code == 303
        assert "guardrail broken" not in text_of(viewer.get(f"/w/{TRIAGE}").text)
