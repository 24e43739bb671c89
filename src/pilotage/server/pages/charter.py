"""Charter: what did we promise? Versions with what changed, signatures with what they cover, and the form."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct, ValidationError, convert, to_builtins

from pilotage.record.charter import IMMATERIAL, Charter, PageFit, material_digest
from pilotage.record.commands import ReviseCharter
from pilotage.record.errors import Problem
from pilotage.record.workload import CharterVersion, Signature, Workload
from pilotage.reports.charter_changes import Change, changes
from pilotage.reports.numbers import number, percent, plural
from pilotage.reports.promises import words_of
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import COMMAND, READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.charter_form import (
    GUARDRAILS,
    METRICS,
    ROWS_MAX,
    CharterFields,
    charter_fields,
    read_charter,
    rows_of,
    typed_from,
)
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.forms import Typed, converted, typed_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.giving import MEANINGS, Filled, Problems, recorded, tried
from pilotage.server.pages.rendering import see
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.charters import Given, between, given_of, last_given
from pilotage.workflow.desk import Judgement, Receipt
from pilotage.workflow.documents import charter_fit
from pilotage.workflow.workspace import Workspace

FIRST_ROWS = 3
SECTIONS = {
    METRICS: ("metrics", "Metrics"),
    GUARDRAILS: ("guardrails", "Guardrails"),
    "charter.target": ("target", "Target"),
    "base_version": ("charter", "Charter"),
    "charter": ("charter", "Charter"),
}


class VersionQuery(Struct, frozen=True, kw_only=True):
    """Which version is shown; the newest when none is named."""

    version: Annotated[int, Meta(ge=1)] | None = None
    recorded: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """One version with the signatures that were given on it and what it changed. `counting` holds those that count now,
    whichever version they were given on; `kept` are the ones on earlier versions that count for this one.
    """

    version: CharterVersion
    signatures: tuple[Signature, ...]
    counting: frozenset[int]
    changes: tuple[Change, ...]
    kept: tuple[Given, ...] = ()


class FitShown(Struct, frozen=True, kw_only=True):
    """How much of one page a charter takes, in words and for the meter; `fits` is None where it cannot be measured."""

    fits: bool | None
    said: str
    used: float = 0.0


UNMEASURED = FitShown(fits=None, said="It is measured once metrics, target and dates are filled in.")


def fit_shown(page: PageFit | None) -> FitShown:
    """The measurement in words."""
    if page is None:
        return FitShown(fits=None, said="Its page was not measured when it was written; save it again.")
    if page.fits:
        return FitShown(fits=True, said=f"{percent(page.used, 0)} of the page is used.", used=page.used)
    past = f"From “{page.past}” on it is past the page: "
    much = f"about {plural(page.lines, 'line')} ({number(page.over_mm, 2)} mm) too long."
    return FitShown(fits=False, said=past + much, used=page.used)


def fit_of(workload: Workload, typed: Typed) -> FitShown:
    """How much of one page what was typed takes. For numbers that are still wrong, those of the charter stand in."""
    command = understand(fields_for(typed), typed, workload.charter)
    if isinstance(command, ReviseCharter):
        return fit_shown(charter_fit(workload, command))
    if workload.charter is None:
        return UNMEASURED
    try:
        words = {
            "purpose": typed.get("charter.purpose", "").strip(),
            "value": typed.get("charter.value", "").strip(),
            "risks": [line.strip() for line in typed.get("charter.risks", "").splitlines() if line.strip()],
        }
        drafted = {**to_builtins(workload.charter), **words}
        standing = {"base_version": 0, "charter": drafted, "team": typed.get("team", "").strip()}
        return fit_shown(charter_fit(workload, convert(standing, ReviseCharter)))
    except ValidationError:
        return UNMEASURED


def versions_of(workload: Workload) -> tuple[Shown, ...]:
    """Every version, newest first. A signature stands where it was given; it counts until a material edit."""
    given = given_of(workload)
    counting = frozenset(one.signature.stamp.position for one in given if one.counts)
    newest = workload.charter_version
    befores = (None, *workload.charters)
    return tuple(
        Shown(
            version=version,
            signatures=tuple(one.signature for one in reversed(given) if one.version is version),
            counting=counting,
            changes=between(before, version),
            kept=tuple(one for one in given if one.counts and one.version is not newest) if version is newest else (),
        )
        for before, version in reversed(list(zip(befores, workload.charters, strict=False)))
    )


@get("/w/{slug:str}/charter", opt={"access": READ}, include_in_schema=False)
async def show_charter(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The charter as it reads, who signed it, and every version."""
    query = query_of(request, VersionQuery)

    def build(_workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        versions = versions_of(judgement.workload)
        chosen = next((one for one in versions if query.version in {None, one.version.version}), None)
        return {
            "versions": versions,
            "chosen": chosen,
            "is_newest": bool(chosen) and chosen is versions[0],
            "fit": fit_shown(chosen.version.page) if chosen else UNMEASURED,
            "meaning": MEANINGS["charter"],
            "words": words_of(chosen.version.charter) if chosen else None,
            "signed_roles": [*judgement.workload.signed("charter", chosen.version.digest)] if chosen else [],
            "again": last_given(judgement.workload, current_identity(request).person),
            "immaterial": sorted(IMMATERIAL),
        }

    return await workload_page(request, slug, "charter.html", build, here="charter", title="Charter", live=True)


@get("/w/{slug:str}/charter.csv", opt={"access": READ}, include_in_schema=False)
async def export_versions(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every version and signature as a table."""
    workload = await run_in(parts_of(request).threads.reading, workspace_of(request).desk.load, slug)
    rows: list[tuple[str | int | bool | None, ...]] = []
    for one in reversed(versions_of(workload)):
        version = one.version
        rows.append(
            (version.version, "written", version.stamp.by, version.stamp.at.isoformat(), version.digest, None, None)
        )
        rows += [
            (version.version, f"signed as {s.role}", s.stamp.by, s.stamp.at.isoformat(), s.digest, s.meaning,
             s.stamp.position in one.counting)
            for s in one.signatures
        ]  # fmt: skip
    header = ("version", "what", "person", "at", "digest", "meaning", "counts")
    return csv_answer(f"{slug}-charter", csv_of(header, rows))


async def _form(
    request: AnyRequest,
    slug: str,
    typed: Typed | None,
    *,
    problems: Problems = (),
    status: int = HTTPStatus.OK,
    preview: ReviseCharter | None = None,
) -> Response[bytes]:
    def build(_workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        workload = judgement.workload
        newest = workload.charter_version
        standing = typed_from(newest.charter, newest.team) if newest else {}
        shown = standing if typed is None else dict(typed)
        fields = fields_for(shown)
        conflict = any(problem.code == "charter-changed" for problem in problems)
        given = workload.signed("charter", newest.digest) if newest else {}
        sheet = preview or newest
        return {
            "sections": fields,
            "form": Filled(
                fields=fields.all, typed=shown, problems=problems, sent=typed is not None, sections=SECTIONS
            ),
            # After a conflict the newest version is shown beside what was typed; sending again is then informed.
            "base_version": len(workload.charters) if conflict or typed is None else shown.get("base_version", "0"),
            "newest": newest,
            "conflict": _conflict(newest, preview) if conflict else (),
            "is_conflict": conflict,
            "preview": preview if not conflict else None,
            "shown": sheet,
            "words": words_of(sheet.charter) if sheet else None,
            "signed": [(s.role, s.stamp.by) for s in given.values()],
            "voids": _voids(newest, preview),
            "immaterial": sorted(IMMATERIAL),
            "fit": fit_of(workload, shown),
        }

    return await workload_page(
        request, slug, "charter_edit.html", build, here="charter", title="Revise the charter", status=status
    )


def _voids(newest: CharterVersion | None, mine: ReviseCharter | None) -> bool | None:
    """Whether saving what was typed would end signatures; None while nothing was looked at."""
    return None if newest is None or mine is None else material_digest(mine.charter) != newest.material


def _conflict(newest: CharterVersion | None, mine: ReviseCharter | None) -> tuple[Change, ...]:
    if newest is None or mine is None:
        return ()
    return changes((newest.charter, newest.team), (mine.charter, mine.team))


def fields_for(typed: Typed) -> CharterFields:
    """The form with the rows that were typed, those asked for by a button, and always one empty one of each."""
    add = typed.get("add", "")
    metrics = rows_of(typed, METRICS) + (add == "metrics")
    guardrails = rows_of(typed, GUARDRAILS) + (add == "guardrails")
    return charter_fields(min(metrics or FIRST_ROWS, ROWS_MAX), min(guardrails or 2, ROWS_MAX))


@get("/w/{slug:str}/charter/edit", opt={"access": READ}, include_in_schema=False)
async def show_form(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The form with the charter as it stands."""
    return await _form(request, slug, None)


@post("/w/{slug:str}/charter/edit", opt={"access": COMMAND}, include_in_schema=False, status_code=HTTPStatus.OK)
async def take_form(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Write a new version, show it first, add a row, or show again what is wrong."""
    typed = typed_of((await request.form()).multi_items())
    if typed.get("add"):
        return await _form(request, slug, typed)
    workspace = workspace_of(request)

    def understood() -> ReviseCharter | Problems:
        before = workspace.desk.load(slug).charter
        return understand(fields_for(typed), typed, before)

    command = await run_in(parts_of(request).threads.reading, understood)
    if isinstance(command, tuple):
        return await _form(request, slug, typed, problems=command, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if typed.get("preview"):
        return await _form(request, slug, typed, preview=command)
    outcome = await tried(request, slug, command, None)
    if isinstance(outcome, Receipt):
        return see(recorded(f"/w/{slug}/charter", outcome))
    problems, status = outcome
    return await _form(request, slug, typed, problems=problems, status=status, preview=command)


@post("/w/{slug:str}/charter/fit", opt={"access": READ}, include_in_schema=False, status_code=HTTPStatus.OK)
async def measure_form(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """How much of one page what stands in the form would take, while it is being written. Nothing is saved."""
    typed = typed_of((await request.form()).multi_items())
    workspace = workspace_of(request)
    reading = parts_of(request).threads.reading
    return json_answer(await run_in(reading, lambda: fit_of(workspace.desk.load(slug), typed)))


def understand(fields: CharterFields, typed: Typed, before: Charter | None) -> ReviseCharter | Problems:
    """The command, or everything wrong with what was typed."""
    reading = read_charter(fields, typed, before)
    if reading.problems:
        return reading.problems
    base = typed.get("base_version", "")
    try:
        return converted({**reading.values, "base_version": int(base) if base.isdigit() else 0}, ReviseCharter)
    except ValidationError as error:
        return (Problem(code="invalid", field="", message=f"{error}."),)


handlers = [show_charter, export_versions, show_form, take_form, measure_form]
