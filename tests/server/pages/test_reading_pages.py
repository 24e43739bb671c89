"""What pages say, read without a browser and without a script."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest
from tests.server.pages.conftest import SESSION, session_of

SLUGS = ("ticket-triage", "invoice-matching", "call-summaries", "contract-search")
PAGES = (
    "/",
    "/propose",
    "/inbox",
    "/me",
    "/permissions",
    "/ledger",
    "/ledger/24",
    "/ledger/verification",
    *(f"/w/{slug}{part}" for slug in SLUGS for part in ("", "/charter", "/evidence", "/evidence/drift", "/calls")),
    *(f"/w/{slug}/documents" for slug in SLUGS),
    "/w/ticket-triage/evidence/attempts",
    "/w/ticket-triage/evidence/value",
    "/w/ticket-triage/architecture",
    "/w/contract-search/architecture",
    "/w/ticket-triage/operating",
    "/w/ticket-triage/operating/playbook",
    "/w/contract-search/operating",
    "/w/invoice-matching/evidence/attempts",
    "/w/ticket-triage/charter/edit",
    *(f"/w/{slug}/reviews" for slug in SLUGS),
    "/w/ticket-triage/reviews/privacy",
    "/w/invoice-matching/reviews/risk",
    "/w/ticket-triage/do/answer_question?question=retention",
    "/w/ticket-triage/do/expose",
    "/w/ticket-triage/do/waive?criterion=deploy.stages",
)


class Parsed(HTMLParser):
    """Links, ids and whatever a strict content security policy would forbid."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.forbidden: list[str] = []
        self.outside: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note what stands in a tag."""
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        if given.get("id"):
            self.ids.append(given["id"])
        self.forbidden += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.forbidden.append(tag)
        addresses = [given.get(name) or "" for name in ("src", "href", "action", "srcset")]
        self.outside += [address for address in addresses if "//" in address.split("?", 1)[0]]


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    """A CSV answer as rows."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    return list(csv.DictReader(io.StringIO(answer.text)))


def text_of(page: str) -> str:
    """A page's words, blanks made one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_nothing_inline_and_nothing_from_elsewhere(path, reading):
    """No style, script or handler stands in a page, every id is unique, and no address is another server's."""
    page = Parsed(reading("nadia").page(path))
    assert page.forbidden == []
    assert page.outside == []
    assert sorted(page.ids) == sorted(set(page.ids))


@pytest.mark.parametrize("path", PAGES)
def test_a_demonstration_says_so_on_every_page(path, reading):
    """The banner and the document's title say that it is a demonstration."""
    page = reading("nadia").page(path)
    assert page.count('<aside class="demonstration"') == 1
    assert re.search(r"<title>Demonstration · .+ · Pilotage</title>", page)


def test_a_real_workspace_does_not_say_demonstration(plain):
    """Where nothing is a demonstration, no page says so."""
    cookies = {SESSION: session_of(plain.url, "ada", plain.ada.password)}
    page = httpx.get(f"{plain.url}/", cookies=cookies).text
    assert "emonstration" not in page
    assert "<title>Portfolio · Pilotage</title>" in page


def test_an_empty_portfolio_teaches_the_next_step(plain):
    """With no workload the page says what to do, with commands to copy."""
    cookies = {SESSION: session_of(plain.url, "ada", plain.ada.password)}
    said = text_of(httpx.get(f"{plain.url}/", cookies=cookies).text)
    assert "No workload yet" in said
    assert "pilotage init ticket-triage" in said
    assert "pilotage demo" in said


def test_no_link_is_dead(reading):
    """Every address of the server that a page links to is answered; where somebody's report lies elsewhere, only its
    reader goes.
    """
    reader, seen, dead = reading("nadia"), set(), []
    waiting = list(PAGES)
    while waiting:
        path = waiting.pop()
        # One of each kind is enough: positions, calls and units are many, forms and pictures alike.
        kind = re.sub(r"[0-9a-f]{32}|(?<=/)\d+|=[^&]+|(?<=/w/)[^/]+(?=/(do|charts)/)", "#", path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = reader.get(path)
        if answer.status_code != 200:
            dead.append(f"{path}: {answer.status_code}")
        if "text/html" in answer.headers["content-type"]:
            links = {link.split("#")[0] for link in Parsed(answer.text).links}
            waiting += [str(httpx.URL(path).join(link)) for link in links if link and not httpx.URL(link).host]
    assert dead == []
    assert len(seen) > 60


@pytest.mark.parametrize("part", ["", "/charter", "/evidence", "/calls", "/do/expose"])
def test_waivers_are_never_silent(part, reading):
    """Every page of the workload says how many waivers are in force, how far they limit live, and which they are."""
    said = text_of(reading("ruth").page(f"/w/ticket-triage{part}"))
    assert "7 waivers in force, limit live to 25 %." in said
    assert "Fault drills come with a later version; the rules answer whenever the model fails." in said
    assert "signed by Nadia Rahman and Jonas Weber" in said


def test_a_waived_verdict_says_so_where_it_stands(reading):
    """In the gate a waived criterion has its badge, reason, signers and end, and the portfolio counts them."""
    page = reading("ruth").page("/w/ticket-triage")
    row = text_of(page[page.index('id="harden.scale"') :].split("</tr>")[0])
    assert "waived" in row
    assert "Waived until 2026-04-20 by Nadia Rahman and Jonas Weber" in row
    assert "without the waiver: pending" in row
    assert "7 waivers" in text_of(reading("ruth").page("/"))


def test_the_board_holds_every_workload_killed_ones_too(reading):
    """Each workload has a card under its phase, with exposure, pace and gate."""
    page = reading("ruth").page("/")
    board = page[page.index('class="board"') :]
    places = {slug: board[: board.index(f'href="/w/{slug}"')].rindex("place-") for slug in SLUGS}
    where = {slug: board[at:].split('"')[0] for slug, at in places.items()}
    assert where == {
        "ticket-triage": "place-deploy",
        "invoice-matching": "place-pilot",
        "call-summaries": "place-select",
        "contract-search": "place-killed",
    }
    said = text_of(board)
    assert "live 5 %" in said
    assert "67 days late" in said
    assert "4 of 7 met" in said


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["call-summaries", "invoice-matching", "ticket-triage", "contract-search"]),
        ("?sort=name", ["call-summaries", "contract-search", "invoice-matching", "ticket-triage"]),
        ("?sort=exposure", ["ticket-triage", "invoice-matching", "call-summaries", "contract-search"]),
        ("?phase=killed", ["contract-search"]),
        ("?stalled=yes&sort=name", ["call-summaries", "invoice-matching", "ticket-triage"]),
        ("?text=INVOICE", ["invoice-matching"]),
        ("?text=nothing+like+it", []),
    ],
)
def test_the_portfolio_is_filtered_and_sorted_by_its_address(query, shown, reading):
    """What the address asks is what the page and its table show, in that order."""
    table = rows(reading("ruth").get(f"/portfolio.csv{query}"))
    assert [row["workload"] for row in table] == shown
    page = reading("ruth").page(f"/{query}")
    assert {slug for slug in SLUGS if f'<h3><a href="/w/{slug}">' in page} == set(shown)


def test_an_address_that_cannot_be_read_says_which_part(reading):
    """An unknown parameter or value is a 400 page that names it, never a guess."""
    for path in ("/?sort=luck", "/?colour=red", "/w/ticket-triage/calls?arm=both", "/w/ticket-triage/calls?since=soon"):
        answer = reading("ruth").get(path)
        assert answer.status_code == 400, path
        assert "The address cannot be read" in answer.text


def test_the_gate_shows_every_criterion_with_reason_and_next_action(reading):
    """The page says of each criterion what the interface says: verdict, reason, next action."""
    gates = reading("ruth").get("/api/v1/workloads/invoice-matching/gates").json()
    page = reading("ruth").page("/w/invoice-matching")
    for gate in gates:
        for criterion in gate["criteria"]:
            row = page[page.index(f'<tr id="{criterion["id"]}"') :].split("</tr>")[0]
            said = text_of(row)
            assert said.startswith(f'id="{criterion["id"]}"') or criterion["verdict"].replace("_", " ") in said
            if criterion["next"]:
                assert " ".join(criterion["next"]["action"].split()) in said


def test_what_is_on_record_can_be_read(reading):
    """Problem, scores, people, release, clearances and decisions stand on the page, with who and where."""
    said = text_of(reading("ruth").page("/w/ticket-triage"))
    for words in (
        "Tickets wander from team to team",
        "impact 5, feasibility 5, readiness 4",
        "Privacy review Clara Fontaine",
        "gradient-boosted n-grams, 2026-01-12",
        "subject, body, language",
        "Priya: French tickets need more data.",
        "Signed by Nadia Rahman (owner) and Jonas Weber (sponsor)",
    ):
        assert words in said


def test_the_ceiling_is_explained(reading):
    """The page gives the exposure, its ceiling, and every reason why it is not more."""
    said = text_of(reading("ruth").page("/w/ticket-triage"))
    assert "Ceiling live 5 %." in said
    assert "The roll-out stands at its 5 % stage." in said
    assert "Waivers limit live to 25 % in a demonstration" in said


def test_evidence_on_the_page_is_the_evidence_of_the_interface(reading):
    """Estimates, intervals and counts in the table are those that the interface gives."""
    measured = reading("ruth").get("/api/v1/workloads/ticket-triage/evidence").json()["measurements"]
    table = rows(reading("ruth").get("/w/ticket-triage/evidence.csv"))
    (target,) = [row for row in table if row["what"] == "target" and row["arm"] == "difference"]
    estimate = measured["answer"]["estimate"]
    assert [float(target[name]) for name in ("value", "low", "high")] == [
        estimate[name] for name in ("value", "low", "high")
    ]
    assert (int(target["calls"]), target["status"]) == (estimate["calls"], measured["answer"]["answer"])
    assert {row["what"] for row in table} >= {
        "baseline",
        "guardrail",
        "live guardrail",
        "coverage",
        "segment language=fr",
    }
    said = text_of(reading("ruth").page("/w/ticket-triage/evidence"))
    assert f"on {estimate['calls']:,} calls" in text_of(reading("ruth").page("/w/ticket-triage"))
    assert "The target of 0.04 was shown to be exceeded" in said
    assert "segments flagged" in said


def test_segments_agreement_and_what_to_read_are_on_a_page_of_their_own(reading):
    """The page shows what the interface gives: segments with the weakest first, agreement on the field that the target
    reads, and links to the disagreements; each table can be taken away.
    """
    api = "/api/v1/workloads/ticket-triage/evidence/"
    reader = reading("ruth")
    said = text_of(reader.page("/w/ticket-triage/evidence/segments"))
    found = {section: reader.get(api + section).json() for section in ("segments", "agreement", "disagreements")}
    target = found["segments"]["figures"][0]
    assert [one["metric"] for one in found["segments"]["figures"]] == ["right_team", "slow_answers", "failed_answers"]
    names = [one["segment"] for one in target["segments"]]
    assert names.index("language=fr") < names.index("language=de")
    assert said.index("language=fr") < said.index("language=de")
    agreement = found["agreement"]["found"]
    assert agreement["compared"] == "team"
    assert 0.4 < agreement["kappa"]["value"] < agreement["agreement"]["value"] < 1.0
    listed = found["disagreements"]["list"]["calls"]
    assert listed[0]["group"] == "candidate_worse"
    assert listed[0]["call_id"][-8:] in said
    assert len(rows(reader.get("/w/ticket-triage/disagreements.csv"))) == len(listed)
    assert len(rows(reader.get("/w/ticket-triage/segments.csv"))) == 3 * len(names)
    assert {row["figure"] for row in rows(reader.get("/w/ticket-triage/agreement.csv"))} >= {"agreement", "kappa"}
    parts = [
        float(row["part"]) for row in rows(reader.get("/w/ticket-triage/shortfall.csv")) if row["what"] == "segment"
    ]
    gap = reader.get(api + "shortfall").json()["gap"]["gap"]
    assert sum(parts) == pytest.approx(gap)
    newest = reader.get("/api/v1/workloads/ticket-triage/calls?disagree=true&mode=shadow&limit=5").json()["calls"]
    for one in newest:
        values = [json.loads(one["call"][side]["value"])["team"] for side in ("served", "beside")]
        assert values[0] != values[1]


def test_every_look_can_be_taken_away(reading):
    """The table of looks has one row a day, each with its statistic and bounds."""
    table = rows(reading("ruth").get("/w/ticket-triage/looks.csv"))
    answer = reading("ruth").get("/api/v1/workloads/ticket-triage/evidence").json()["measurements"]["answer"]
    assert [row["day"] for row in table] == [look["day"] for look in answer["looks"]]
    assert any(row["z"] and row["efficacy"] and float(row["z"]) >= float(row["efficacy"]) for row in table)


def pages_of(reader, first: str) -> Iterator[list[str]]:
    """The call ids of every page, following the link to the older ones."""
    path = first
    while path:
        page = reader.page(path)
        yield re.findall(r'href="/w/ticket-triage/calls/([0-9a-f]{32})"', page)
        older = re.search(r'href="(\?[^"]+)" rel="next"', page)
        path = f"/w/ticket-triage/calls{html.unescape(older.group(1))}" if older else ""


def test_the_pages_of_calls_hold_each_call_once(reading):
    """Page after page, newest first, every call that the filter asks for is listed once, as the table has it."""
    reader, query = reading("ruth"), "?stage=live-5/1&arm=candidate"
    pages = list(pages_of(reader, f"/w/ticket-triage/calls{query}"))
    listed = [call for page in pages for call in page]
    table = rows(reader.get(f"/w/ticket-triage/calls.csv{query}"))
    assert len(pages) > 1
    assert listed == [row["call"] for row in table]
    assert {row["served by"] for row in table} == {"candidate"}
    assert [row["at"] for row in table] == sorted((row["at"] for row in table), reverse=True)


def test_a_day_of_calls_begins_at_midnight_of_the_charter(reading):
    """From and to are whole days in the charter's time zone."""
    table = rows(reading("ruth").get("/w/ticket-triage/calls.csv?since=2026-02-03&until=2026-02-03"))
    assert len(table) == 110
    assert {row["at"][:10] for row in table} == {"2026-02-03"}


def test_one_call_is_shown_in_full(reading):
    """Input, both answers, why it went this way, times, label and feedback; what was taken out is visible."""
    reader = reading("ruth")
    calls = reader.get("/api/v1/workloads/ticket-triage/calls?stage=live-5/1&arm=candidate&limit=200").json()["calls"]
    both = next(one for one in calls if one["call"]["beside"] and any(o["kind"] == "feedback" for o in one["outcomes"]))
    page = reader.page(f"/w/ticket-triage/calls/{both['call']['call_id']}")
    said = text_of(page)
    assert '<span class="redacted">[redacted]</span>' in page
    assert "Candidate served, release 2026.01.3" in said
    assert "Incumbent beside" in said
    assert "inside the share, so the candidate was assigned" in said
    assert "Where the time went" in said
    assert "feedback" in said.lower()
    assert "anchored: given after seeing the candidate's answer" in said
    assert both["call"]["unit"] in said


def test_a_fallback_is_explained(reading):
    """A call that fell back says why, and who served."""
    reader = reading("ruth")
    found = reader.get("/api/v1/workloads/ticket-triage/calls?fallback=candidate-timeout").json()["calls"]
    said = text_of(reader.page(f"/w/ticket-triage/calls/{found[0]['call']['call_id']}"))
    assert "The candidate took longer than it may. So the incumbent served." in said


def test_the_charter_shows_who_signed_what(reading):
    """Signatures name person, role and meaning; those on an edited version are void; the digest is the record's."""
    record = reading("ruth").get("/api/v1/workloads/ticket-triage/record").json()
    newest = text_of(reading("ruth").page("/w/ticket-triage/charter"))
    assert record["charters"][-1]["digest"] in newest
    assert "counts Nadia Rahman as owner" in newest
    assert "I stand behind this charter and its budget." in newest
    first = text_of(reading("ruth").page("/w/ticket-triage/charter?version=1"))
    assert "void Nadia Rahman as owner" in first
    table = rows(reading("ruth").get("/w/ticket-triage/charter.csv"))
    assert [(row["version"], row["what"], row["counts"]) for row in table if row["meaning"]] == [
        ("1", "signed as owner", "no"),
        ("2", "signed as owner", "yes"),
        ("2", "signed as sponsor", "yes"),
    ]


def test_the_ledger_is_read_page_by_page_and_as_a_table(reading):
    """Filters narrow both, positions fall, and each entry's page shows what it hashes."""
    table = rows(reading("ruth").get("/ledger.csv?workload=ticket-triage&kind=signed"))
    assert {(row["workload"], row["kind"]) for row in table} == {("ticket-triage", "signed")}
    page = reading("ruth").page("/ledger?workload=ticket-triage&kind=signed")
    shown = [int(position) for position in re.findall(r'id="entry-(\d+)"', page)]
    assert shown == [int(row["position"]) for row in reversed(table)]
    entry = table[0]
    said = text_of(reading("ruth").page(f"/ledger/{entry['position']}"))
    assert entry["leaf"] in said
    assert "simulated time" in said
    older = reading("ruth").page(f"/ledger?before={shown[0]}")
    assert all(int(position) < shown[0] for position in re.findall(r'id="entry-(\d+)"', older))


def test_the_ledger_is_checked_and_says_how_to_do_it_alone(reading):
    """The page gives entries and root as the interface computes them, and the way to check them without us."""
    found = reading("ruth").get("/api/v1/ledger/verify").json()
    said = text_of(reading("ruth").page("/ledger/verification"))
    assert "The ledger holds." in said
    assert found["root"] in said
    assert f"{found['entries']} entries" in said
    assert "pilotage ledger verify" in said


def test_charts_come_as_pictures_and_as_data(reading):
    """SVG in both themes, PNG, the specification and CSV, of the same looks; a picture may run nothing."""
    reader, base = reading("ruth"), "/w/ticket-triage/charts/target"
    light, dark = reader.get(f"{base}.svg"), reader.get(f"{base}.svg?theme=dark&size=narrow")
    for picture in (light, dark):
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.headers["content-security-policy"].startswith("default-src 'none'")
        assert picture.text.startswith("<svg")
        assert "<script" not in picture.text
    assert light.text != dark.text
    assert reader.get(f"{base}.png").content.startswith(b"\x89PNG")
    spec = reader.get(f"{base}.json").json()
    table = rows(reader.get(f"{base}.csv"))
    assert "vega-lite" in spec["$schema"]
    days = next(layer["data"]["name"] for layer in spec["layer"] if layer.get("name") == "days")
    assert [row["day"] for row in spec["datasets"][days]] == [row["day"] for row in table]
    assert reader.get("/w/ticket-triage/charts/nothing.svg").status_code == 404
    assert reader.get("/w/call-summaries/charts/target.svg").status_code == 404


def test_a_metric_by_day_is_the_mean_of_its_calls(reading):
    """The daily chart's first incumbent figure is what the calls of that day say."""
    table = rows(reading("ruth").get("/w/ticket-triage/charts/right_team.csv"))
    first = next(row for row in table if row["arm"] == "incumbent")
    calls = rows(reading("ruth").get(f"/w/ticket-triage/calls.csv?since={first['day']}&until={first['day']}"))
    right = [f'"{call["served value"]}"' == f'"{{"team": {call["label"]}}}"' for call in calls]
    assert float(first["value"]) == pytest.approx(100 * sum(right) / len(right))


def test_who_is_not_signed_in_is_asked_to(served):
    """A page leads to the sign-in and back; a program gets a problem."""
    answer = httpx.get(f"{served.url}/w/ticket-triage?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/w/ticket-triage%3Fx%3D1")
    assert httpx.get(f"{served.url}/api/v1/workloads").status_code == 401


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(wanted, served):
    """Whatever the address asks, one goes on to a page of ours."""
    form = {"username": "ruth", "password": "a long enough password", "next": wanted}
    answer = httpx.post(f"{served.url}/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_what_is_not_there_is_a_page_in_the_same_style(reading):
    """A person gets a page, with the way back; the words are those of the interface."""
    for path, code in (("/w/nobody", "unknown-workload"), ("/ledger/99999", "not-found"), ("/nothing", "not-found")):
        answer = reading("ruth").get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html")
        assert f"404 · {code}" in answer.text
        assert 'class="brand"' in answer.text


def test_a_form_from_another_site_is_refused(reading):
    """Without the session's secret nothing is carried out, and the page says so."""
    answer = reading("nadia").http.post("/w/ticket-triage/do/comment", data={"comment": "Hello there"})
    assert answer.status_code == 403
    assert "403 · csrf" in answer.text


def test_a_viewer_is_offered_nothing_to_change(reading):
    """Whoever may only read sees no button that would be refused."""
    page = reading("ruth").page("/w/ticket-triage")
    assert "Kill switch" not in page
    assert "/do/" not in page
    assert "Propose a problem" not in reading("ruth").page("/")


def test_the_owner_is_offered_what_fits_now(reading):
    """An owner sees the commands of this phase, and not those of another."""
    page = reading("nadia").page("/w/ticket-triage")
    offered = set(re.findall(r'href="/w/ticket-triage/do/([a-z_]+)"', page))
    assert {"advance", "go_back", "expose", "waive"} <= offered
    assert offered.isdisjoint({"decide", "score", "revive", "propose", "clear_pilot"})


def test_what_the_answer_rests_on_is_on_its_page(reading):
    """Every check is on the Evidence page and in its table, with verdict, figure and meaning."""
    table = rows(reading("ruth").get("/w/ticket-triage/trust.csv"))
    assert {"labels", "missing_at_worst"} <= {row["check"] for row in table}
    said = text_of(reading("ruth").page("/w/ticket-triage/evidence"))
    assert "Can it be trusted?" in said
    assert all(row["title"] in said and row["meaning"] in said for row in table)


def test_every_attempt_is_shown(reading):
    """Each declared release stands with its error, its looks and what its test said."""
    table = rows(reading("ruth").get("/w/ticket-triage/attempts.csv"))
    assert [row["attempt"] for row in table] == [str(number) for number in range(1, len(table) + 1)]
    said = text_of(reading("ruth").page("/w/ticket-triage/evidence/attempts"))
    assert table
    assert all(row["release"] in said and row["reason"] in said for row in table)


def test_whoever_signs_a_charter_sees_how_likely_a_go_is(reading):
    """The charter says the chance of a go in time if it is as expected, and if it is just at the target."""
    page = reading("ines").page("/w/invoice-matching/charter")
    found = re.search(r"Chance of a go in time: <strong>([\d.]+)\s%</strong>.*?<strong>([\d.]+)\s%</strong>", page)
    assert found, "the charter page says nothing of the chance of a go"
    expected, target = map(float, found.groups())
    assert 0 < target <= 5 < expected <= 100
