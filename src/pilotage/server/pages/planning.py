"""Plan: how would it go live? The production path, its place in the work, build or buy, and whether the work suits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.record.areas.planning import Planning
from pilotage.record.stamps import Stamp
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import SOURCES
from pilotage.server.pages.workload_frame import workload_page
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace


class Part(Struct, frozen=True, kw_only=True):
    """One part of the plan: the criterion it answers, the command that writes it, and what it says now."""

    criterion: str
    command: str
    teaches: str
    said: tuple[tuple[str, str], ...] = ()
    stamp: Stamp | None = None


def parts_of_plan(plan: Planning, frame: Frame) -> tuple[Part, ...]:
    """The parts in the order in which they are thought through."""
    return (_path(plan, frame), _place(plan), _source(plan), _suitability(plan))


def _path(plan: Planning, frame: Frame) -> Part:
    said: tuple[tuple[str, str], ...] = ()
    if plan.production_path:
        fact = plan.production_path.fact
        said = (
            ("How it would run", fact.deployment),
            ("Operated by", frame.who(fact.production_owner)),
            ("When", fact.dates),
            ("A year costs", fact.running_cost),
            ("What has to change", fact.change_effort),
        )
    return Part(
        criterion="select.production-path",
        command="plan_production",
        teaches="A pilot without a written way into production seldom finds one. A rough sketch is enough: where it "
        "would run, who would operate it, when, at what cost, and what the people around it would have to change.",
        said=said,
        stamp=plan.production_path.stamp if plan.production_path else None,
    )


def _place(plan: Planning) -> Part:
    said: tuple[tuple[str, str], ...] = ()
    if plan.place:
        fact = plan.place.fact
        said = (("Arrives", fact.arrives), ("Seen by", fact.seen_by), ("Without an answer", fact.when_absent))
    return Part(
        criterion="select.integration",
        command="place_in_work",
        teaches="An answer that nobody sees at the right moment helps nobody. Say at which step and in which tool it "
        "arrives, who sees it, and how the work goes on when it does not come.",
        said=said,
        stamp=plan.place.stamp if plan.place else None,
    )


def _source(plan: Planning) -> Part:
    said: tuple[tuple[str, str], ...] = ()
    if plan.source:
        fact = plan.source.fact
        said = (("Choice", SOURCES[fact.choice]), ("Compared", "; ".join(fact.compared)), ("Because", fact.reason))
    return Part(
        criterion="select.build-or-buy",
        command="choose_source",
        teaches="Buy what everybody needs; build what sets you apart, or what cannot be had. Name what was compared.",
        said=said,
        stamp=plan.source.stamp if plan.source else None,
    )


def _suitability(plan: Planning) -> Part:
    said: tuple[tuple[str, str], ...] = ()
    if plan.suitability:
        fact = plan.suitability.fact
        said = (
            ("Speaks against it", "; ".join(fact.lacking) or "nothing"),
            ("Warnings", "; ".join(fact.warnings) or "none"),
            ("Champion", fact.champion or "nobody"),
            *((("How that is met", fact.warnings_met_by),) if fact.warnings_met_by else ()),
        )
    return Part(
        criterion="select.suitability",
        command="judge_suitability",
        teaches="Nine questions: whether the work is frequent, repetitive, costly, structured, measurable and wanted, "
        "and whether it forgives mistakes.",
        said=said,
        stamp=plan.suitability.stamp if plan.suitability else None,
    )


class RiskSaid(Struct, frozen=True, kw_only=True):
    """One question of the risk classification with its answer; `decides`: it puts the workload into its lane."""

    title: str
    question: str
    answer: str
    lane: str
    decides: bool


def risk_said(judgement: Judgement) -> tuple[RiskSaid, ...]:
    """The classification that stands, question by question; empty before there is one."""
    standing = judgement.workload.risk.classified
    if standing is None:
        return ()
    fact = standing.fact
    asked = judgement.playbook.risks
    answers = [(risk, getattr(fact, risk.id)) for risk in asked]
    return tuple(
        RiskSaid(
            title=risk.title,
            question=risk.question,
            answer=risk.answer(lane),
            lane=lane,
            decides=risk.id in fact.deciding,
        )
        for risk, lane in answers
    )


@get("/w/{slug:str}/plan", opt={"access": READ}, include_in_schema=False)
async def show_plan(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The plan, part by part, each with what it answers."""

    def build(_workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        parts = parts_of_plan(judgement.workload.planning, frame)
        criteria = {c.id: c for phase in judgement.playbook.phases for c in phase.criteria}
        return {"parts": parts, "criteria": criteria, "risk": risk_said(judgement)}

    return await workload_page(request, slug, "plan.html", build, here="plan", title="Plan", live=True)


handlers = [show_plan]
