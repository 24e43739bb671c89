"""Giving commands: a page with a form for each, which keeps what was typed when it is refused and says what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct, ValidationError, structs

from pilotage.record.areas.area import OVERTAKEN
from pilotage.record.areas.listing import area_of
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, Command
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import COMMAND, READ
from pilotage.server.auth.credentials import CREDENTIAL_FIELD
from pilotage.server.auth.identity import current_identity
from pilotage.server.carrying_out import carry_out
from pilotage.server.pages import deciding_forms, feedback_forms
from pilotage.server.pages.choices import choices_of
from pilotage.server.pages.forms import (
    Field,
    Typed,
    as_typed,
    converted,
    fields_of,
    read,
    typed_of,
    with_choices,
    with_hidden,
)
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.outside import CONCLUSIONS
from pilotage.server.pages.outside_forms import NAMES as OUTSIDE
from pilotage.server.pages.outside_forms import beside as beside_result
from pilotage.server.pages.outside_forms import signing
from pilotage.server.pages.people import People
from pilotage.server.pages.rendering import see
from pilotage.server.pages.review_forms import NAMES as REVIEWING
from pilotage.server.pages.review_forms import beside, concluding
from pilotage.server.pages.standing import gate
from pilotage.server.pages.wording import title_of
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import HttpProblem, not_found, problem_of
from pilotage.server.threads import run_in
from pilotage.storage.accounts import SignInRefused
from pilotage.storage.errors import StorageError
from pilotage.workflow.assessments import readiness_of
from pilotage.workflow.charters import last_given
from pilotage.workflow.desk import Judgement, Receipt
from pilotage.workflow.errors import Overtaken
from pilotage.workflow.frozen_waivers import frozen_waivers
from pilotage.workflow.signing import to_sign
from pilotage.workflow.workspace import Workspace

OWN_PAGES = {"propose", "revise_charter", "check_sample"}
MEANINGS = {
    "charter": "I promise what this charter says.",
    "decision": "I decide this on the verdicts frozen in it.",
    "waiver": "I accept the risk of this waiver until it ends.",
}
CHOOSING = frozenset({"choose", "score"})
"""Where it is said that the organisation's readiness is missing or old."""
DOCUMENT_DIGEST = "document_digest"
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
SHOWN_ON = {
    **dict.fromkeys(OUTSIDE, "/outside"),
    **dict.fromkeys(feedback_forms.NAMES, "/feedback"),
    **dict.fromkeys(deciding_forms.NAMES, "/decision"),
    **dict.fromkeys(REVIEWING, "/reviews"),
    **dict.fromkeys(("list_source", "argue_sample"), "/data"),
    "judge_pair": "/feedback/blind",
    "classify_risk": "/plan",
}
Problems = tuple[Problem, ...]


class Filled(Struct, frozen=True, kw_only=True):
    """A form with what was typed into it and what is wrong with it."""

    fields: tuple[Field, ...]
    typed: Mapping[str, str]
    problems: Problems = ()
    sent: bool = False
    sections: Mapping[str, tuple[str, str]] = {}

    def value(self, field: Field) -> str:
        """What stands in a field."""
        return self.typed.get(field.name, field.default)

    def checked(self, field: Field) -> bool:
        """Whether a box is ticked: what was sent or stands says so, and an untouched one has its default."""
        named = self.sent or field.name in self.typed
        return bool(self.typed.get(field.name)) if named else field.default != ""

    def place(self, name: str) -> tuple[str, str] | None:
        """Where in the form a problem is: id and label of the field, or of the section that holds it."""
        if name in self.sections:
            return self.sections[name]
        if name == CREDENTIAL_FIELD:
            return CREDENTIAL_FIELD, "Your password"
        shown = (field for field in self.fields if field.name == name and field.widget != "hidden")
        return next(((field.id, field.label) for field in shown), None)

    def wrong(self, name: str) -> tuple[str, ...]:
        """What is wrong with a field, in sentences."""
        return tuple(problem.message for problem in self.problems if problem.field == name)


def form_of(name: str, judgement: Judgement, people: People, person: str, asked: Typed) -> tuple[Field, ...]:
    """The fields of a command on one workload, with what can be chosen now."""
    fields = with_choices(fields_of(COMMANDS[name]), choices_of(name, judgement, people, person))
    fields = with_hidden(fields, {"base": asked.get("base", ""), **deciding_forms.hidden(name, judgement)})
    if name == "judge_pair" and asked.get("pair"):
        fields = with_hidden(fields, {"pair": asked["pair"]})
    if name == "conclude_review":
        return concluding(fields, judgement, person, asked)
    if name == "sign_outside_result":
        return signing(fields, judgement, person, asked)
    if name != "sign":
        return fields
    waiting = dict(to_sign(judgement.workload, person))
    subject = asked.get("subject") or next(iter(waiting), "")
    digest = asked.get("digest") or waiting.get(subject, "")
    fields = with_hidden(fields, {"subject": subject, "digest": digest})
    meaning = MEANINGS.get(subject.partition(":")[0], "")
    return tuple(structs.replace(field, default=meaning) if field.name == "meaning" else field for field in fields)


class Before(Struct, frozen=True, kw_only=True):
    """What stands on the record where a form would replace it, field by field as it would be typed."""

    fields: Mapping[str, str]
    stamp: Stamp


def before(name: str, judgement: Judgement, typed: Typed) -> Before | None:
    """What a command would replace; None where it replaces nothing, or nothing stands yet."""
    found = area_of(COMMANDS[name])
    if found is None:
        return None
    area, entry = found
    standing = entry.standing(getattr(judgement.workload, area.name), typed.get(entry.key, "") if entry.key else None)
    if standing is None:
        return None
    command = structs.asdict(entry.as_command(standing))
    return Before(
        fields={field: as_typed(value) for field, value in command.items() if field != "base"}, stamp=standing.stamp
    )


def _filled_in(typed: Typed, standing: Before | None, problems: Problems, *, sent: bool) -> Typed:
    """What stands is filled in to be edited, with its position, so that nobody is overwritten unseen.

    Whoever was overtaken keeps what they typed, beside what stands now, and saves on top of that.
    """
    base = str(standing.stamp.position) if standing else "0"
    if not sent:
        return {**(standing.fields if standing else {}), "base": base, **typed}
    return {**typed, "base": base} if overtaken_in(problems) else typed


def overtaken_in(problems: Problems) -> bool:
    """Whether somebody recorded something newer than what was edited."""
    return any(problem.code == OVERTAKEN for problem in problems)


def _known(name: str) -> type[Command]:
    if name not in COMMANDS or name in OWN_PAGES:
        raise not_found(f"There is no form for {name}.")
    return COMMANDS[name]


async def _form(
    request: AnyRequest, slug: str, name: str, typed: Typed, *, problems: Problems = (), status: int = HTTPStatus.OK
) -> Response[bytes]:
    person = current_identity(request).person

    def build(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        standing, sent = before(name, judgement, typed), request.method == "POST"
        shown = _filled_in(typed, standing, problems, sent=sent)
        fields = form_of(name, judgement, frame.people, person, shown)
        workload, playbook = judgement.workload, judgement.playbook
        subject = next((field.default for field in fields if field.name == "subject"), "")
        asked = typed.get("criterion", "")
        decision = workload.decisions[-1] if workload.decisions else None
        return {
            "name": name,
            "form": Filled(fields=fields, typed=shown, problems=problems, sent=sent),
            "before": standing,
            "doc": COMMANDS[name].__doc__ or "",
            "asks_credential": name in ASKS_CREDENTIAL,
            "gate": gate(judgement, playbook.phase(workload.phase)),
            "criterion": playbook.criterion(asked) if asked in judgement.verdicts else None,
            "subject": subject,
            "decision": decision,
            "frozen_waivers": frozen_waivers(workspace, workload, decision) if subject == "decision" else {},
            "waiver": workload.waivers.get(subject.removeprefix("waiver:")),
            "again": last_given(workload, person) if subject == "charter" else None,
            "reviewing": beside(name, judgement, typed),
            "brought": beside_result(name, judgement, fields, typed),
            "conclusions": CONCLUSIONS,
            "readiness": readiness_of(workspace) if name in CHOOSING else None,
            "takes_document": any(field.name == DOCUMENT_DIGEST for field in fields),
        }

    return await workload_page(
        request, slug, "command.html", build, here="command", title=title_of(name), status=status
    )


@get("/w/{slug:str}/do/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_form(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A command's form; the address may fill fields in."""
    _known(name)
    return await _form(request, slug, name, dict(request.query_params))


async def tried(
    request: AnyRequest, slug: str, command: Command, credential: str | None
) -> Receipt | tuple[Problems, int]:
    """Carry a command out, or say why not: every problem, and the status to answer with."""
    try:
        return await carry_out(request, slug, command, credential=credential)
    except Refused as refusal:
        return refusal.problems, problem_of(refusal).status
    except (HttpProblem, Overtaken, StorageError) as refusal:
        problem = problem_of(refusal)
        field = CREDENTIAL_FIELD if isinstance(refusal, SignInRefused) else ""
        return (Problem(code=problem.code, field=field, message=problem.detail),), problem.status


def recorded(address: str, receipt: Receipt) -> str:
    """Where to go on to, naming what was written."""
    return f"{address}?recorded={'-'.join(map(str, receipt.positions))}"


async def _digest_of_document(document: object) -> dict[str, str]:
    """The digest of a file that was chosen in place of a digest; the file itself is not kept."""
    if not isinstance(document, UploadFile) or not document.filename:
        return {}
    digest = hashlib.sha256()
    while piece := await document.read(PIECE_BYTES):
        digest.update(piece)
    await document.close()
    return {DOCUMENT_DIGEST: digest.hexdigest()}


@post(
    "/w/{slug:str}/do/{name:str}",
    opt={"access": COMMAND},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    request_max_body_size=DOCUMENT_BYTES_MAX,
)
async def take_form(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Give the command, or show the form again with what is wrong."""
    kind, sent = _known(name), await request.form()
    typed, person = typed_of(sent.multi_items()), current_identity(request).person
    typed |= await _digest_of_document(sent.get("document"))
    workspace = workspace_of(request)

    def understood() -> Command | Problems:
        fields = form_of(name, workspace.desk.judge(slug), People.of(workspace), person, typed)
        return understand(fields, typed, kind)

    command = await run_in(parts_of(request).threads.reading, understood)
    if isinstance(command, tuple):
        return await _form(request, slug, name, typed, problems=command, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    outcome = await tried(request, slug, command, str(sent.get(CREDENTIAL_FIELD, "")) or None)
    if isinstance(outcome, Receipt):
        return see(recorded(f"/w/{slug}{_after(name, typed)}", outcome))
    problems, status = outcome
    return await _form(request, slug, name, typed, problems=problems, status=status)


def _after(name: str, typed: Typed) -> str:
    """The page that shows what a command wrote."""
    subject = typed.get("subject")
    if subject in {"charter", "decision"}:
        return f"/{subject}"
    return SHOWN_ON.get(name, "")


def understand(fields: tuple[Field, ...], typed: Typed, kind: type[Command]) -> Command | Problems:
    """The command that a form asks for, or everything wrong with what was typed."""
    reading = read(fields, typed)
    if reading.problems:
        return reading.problems
    try:
        return converted(reading.values, kind)
    except ValidationError as error:
        return (Problem(code="invalid", field="", message=f"{error}."),)


handlers = [show_form, take_form]
