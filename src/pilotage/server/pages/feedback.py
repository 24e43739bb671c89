"""Feedback: what do users say, and what is made of it? The channel, talks, blind reviews, backlog and iterations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.estimates import figure, own_scale
from pilotage.server.pages.evidence_frame import rests_of
from pilotage.server.pages.feedback_forms import AGAIN, BETTER, ENDINGS, FATES, HELPED, ORIGINS
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import adoption_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.feedback import FeedbackJson, feedback_json
from pilotage.workflow.workspace import Workspace

CRITERIA = (
    "evaluate.user-feedback", "deploy.feedback", "deploy.next-iteration", "operate.feedback", "operate.iteration",
)  # fmt: skip
LISTED = 25
SHARE = own_scale("share")
COLUMNS = (
    "call", "said", "action", "rating", "comment", "override", "reason", "edge_case", "reporter", "due", "overdue",
    "replied", "reply",
)  # fmt: skip
FATE_BADGES: dict[str, Badge] = {
    "undecided": Badge(tone="warn", shape="dots", word="not decided"),
    "take": Badge(tone="good", shape="check", word="taken"),
    "leave": Badge(tone="calm", shape="dash", word="left"),
}
REPLIES: dict[str, Badge] = {
    "replied": Badge(tone="good", shape="check", word="answered"),
    "waits": Badge(tone="warn", shape="dots", word="waits"),
    "overdue": Badge(tone="bad", shape="alert", word="overdue"),
    "none": Badge(tone="calm", shape="dash", word="asks for no reply"),
}
RATES: dict[str, Badge] = {
    "shown": Badge(tone="good", shape="check", word="as planned"),
    "missed": Badge(tone="bad", shape="alert", word="not as planned"),
    "open": Badge(tone="warn", shape="dots", word="open"),
}
WORDS = {
    "helped": HELPED,
    "again": AGAIN,
    "origins": ORIGINS,
    "fates": FATES,
    "endings": ENDINGS,
    "better": BETTER,
    "fate_badges": FATE_BADGES,
    "replies": REPLIES,
    "states": RATES,
}


@get("/w/{slug:str}/feedback", opt={"access": READ}, include_in_schema=False)
async def show_feedback(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """What users say, and what is made of it."""

    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        found, adoption = feedback_json(workspace, judgement), adoption_section.build(workspace, judgement)
        return {
            "found": found,
            "adoption": adoption,
            "rests": rests_of("/feedback", {"adoption": adoption}, workspace, judgement),
            "rates": [(one, figure(one.seen, SHARE)) for one in adoption.rates],
            "adopted": judgement.verdicts.get("deploy.adoption"),
            "listed": LISTED,
            "waiting": sum(one.asks and one.replied is None for one in found.said),
            "asked": [judgement.verdicts[one] for one in CRITERIA if one in judgement.verdicts],
            **WORDS,
        }

    return await workload_page(request, slug, "feedback.html", build, here="feedback", title="Feedback", live=True)


@get("/w/{slug:str}/feedback/blind", opt={"access": READ}, include_in_schema=False)
async def show_pair(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The pair that the reader is to judge now. The page knows no more of the arms than the reader does."""
    person = current_identity(request).person

    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        pair = workspace.pairs.next_for(judgement.workload, person)
        return {"pair": pair, "asked": fields_of(pair.input), **WORDS}

    return await workload_page(request, slug, "blind.html", build, here="feedback", title="Judge a pair blind")


def fields_of(recorded: str) -> dict[str, str]:
    """An input that was recorded with named fields, each as text; empty where it has none and is shown as it is."""
    try:
        found = msgspec.json.decode(recorded)
    except msgspec.DecodeError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in found.items()
    }


@get("/w/{slug:str}/feedback.csv", opt={"access": READ}, include_in_schema=False)
async def export_feedback(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """What was said last of each call, as a table."""
    workspace = workspace_of(request)

    def work() -> bytes:
        return csv_of(COLUMNS, _rows(feedback_json(workspace, workspace.desk.judge(slug))))

    return csv_answer(f"{slug}-feedback", await run_in(parts_of(request).threads.reading, work))


def _rows(found: FeedbackJson) -> Iterator[tuple[Cell, ...]]:
    for one in found.said:
        yield (
            one.call, one.said.isoformat(), one.action, one.rating, one.comment, one.override, one.reason,
            "yes" if one.edge_case else "no", one.reporter, one.due.isoformat() if one.due else None,
            "yes" if one.overdue else "no", one.replied.isoformat() if one.replied else None, one.reply,
        )  # fmt: skip


handlers = [show_feedback, show_pair, export_feedback]
