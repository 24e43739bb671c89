"""Proposing a problem: the one command that has no workload yet."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.response import Response
from msgspec import structs

from pilotage.record.commands import Propose
from pilotage.record.errors import Problem
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import COMMAND, READ
from pilotage.server.pages.choices import proposing
from pilotage.server.pages.forms import SLUG, Field, Typed, fields_of, read, typed_of, with_choices
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.giving import Filled, Problems, recorded, tried, understand
from pilotage.server.pages.rendering import see
from pilotage.server.parts import workspace_of
from pilotage.workflow.desk import Receipt
from pilotage.workflow.workspace import Workspace


def proposal_fields(*, demonstration: bool) -> tuple[Field, ...]:
    """The fields of a proposal. In a demonstration's workspace every workload is a demonstration, elsewhere none. The
    lane is no field: six questions decide it next.
    """
    fields = with_choices(fields_of(Propose, leave_out={"demonstration", "lane"}), proposing())
    flag = structs.replace(fields[0], name="demonstration", widget="hidden", default="on" if demonstration else "")
    return (SLUG, *fields, flag)


async def _form(
    request: AnyRequest, typed: Typed, problems: Problems = (), status: int = HTTPStatus.OK
) -> Response[bytes]:
    def build(workspace: Workspace, _frame: Frame) -> Shown:
        fields = proposal_fields(demonstration=workspace.demonstration)
        form = Filled(fields=fields, typed=typed, problems=problems, sent=request.method == "POST")
        return {"title": "Propose a problem", "here": "portfolio"}, {"form": form}

    return await page(request, "propose.html", build, status)


@get("/propose", opt={"access": READ}, include_in_schema=False)
async def show_proposal(request: AnyRequest) -> Response[bytes]:
    """The form for a new problem."""
    return await _form(request, {})


@post("/propose", opt={"access": COMMAND}, include_in_schema=False, status_code=HTTPStatus.OK)
async def take_proposal(request: AnyRequest) -> Response[Any]:
    """Put the problem into the portfolio, or show the form again with what is wrong."""
    typed = typed_of((await request.form()).multi_items())
    demonstration = workspace_of(request).demonstration
    fields = [field for field in proposal_fields(demonstration=demonstration) if field.name != "demonstration"]
    slug = read([SLUG], typed)
    command = understand(tuple(fields[1:]), typed, Propose)
    wrong: tuple[Problem, ...] = (*slug.problems, *(command if isinstance(command, tuple) else ()))
    if wrong or isinstance(command, tuple):
        return await _form(request, typed, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    name = slug.values["slug"]
    outcome = await tried(request, name, structs.replace(command, demonstration=demonstration), None)
    if isinstance(outcome, Receipt):
        return see(recorded(f"/w/{name}", outcome))
    problems, status = outcome
    return await _form(request, typed, problems, status)


handlers = [show_proposal, take_proposal]
