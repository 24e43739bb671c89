"""Operating model: who runs it? Roles, the handoff item by item, whom to call, and the operations playbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.playbook.types import Named
from pilotage.record.areas import operating as record
from pilotage.record.areas.operating import HandoffItemListed, RoleOffered
from pilotage.record.areas.runbook import triggers, walked_through
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.workload import day_of
from pilotage.reports.operations_playbook import OperationsPlaybook, as_markdown, assemble
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.people import People
from pilotage.server.pages.wording import Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

CRITERIA = ("harden.ownership", "harden.handoff", "harden.runbook", "operate.ownership")
MARKDOWN = "text/markdown; charset=utf-8"
STATES: dict[str, Badge] = {
    "accepted": Badge(tone="good", shape="check", word="accepted"),
    "refused": Badge(tone="bad", shape="cross", word="refused"),
    "offered": Badge(tone="calm", shape="dots", word="waits for an answer"),
    "before": Badge(tone="warn", shape="flag", word="accepted before going back"),
    "absent": Badge(tone="bad", shape="alert", word="has no account any more"),
    "open": Badge(tone="calm", shape="dash", word="offered to nobody"),
    "written": Badge(tone="good", shape="check", word="written"),
    "missing": Badge(tone="bad", shape="cross", word="not written"),
}
COLUMNS = ("item", "what", "offered_by", "offered_at", "ledger", "state", "answered_by", "answered_at", "said")


class RoleShown(Struct, frozen=True, kw_only=True):
    """One ownership role: the offer, its state, and what the person said to it, when."""

    role: Named
    offer: Standing[RoleOffered] | None
    state: str
    said: str = ""
    answered: Stamp | None = None


class ItemShown(Struct, frozen=True, kw_only=True):
    """One item of the handoff: the offer, its state, and what the production team said to it, when."""

    listed: Standing[HandoffItemListed]
    state: str
    said: str = ""
    answered: Stamp | None = None


def roles_of(judgement: Judgement, absent: frozenset[str]) -> tuple[RoleShown, ...]:
    """Every ownership role of the playbook, in its order."""
    return tuple(_role(judgement, role, absent) for role in judgement.playbook.ownership)


def _role(judgement: Judgement, role: Named, absent: frozenset[str]) -> RoleShown:
    operating = judgement.workload.operating
    offer, answer = operating.offers.get(role.id), operating.role_answer(role.id)
    if offer is None:
        return RoleShown(role=role, offer=None, state="open")
    if answer is None:
        return RoleShown(role=role, offer=offer, state="absent" if offer.fact.person in absent else "offered")
    refused = isinstance(answer.fact, record.RoleRefused)
    state = "refused" if refused else "accepted" if record.accepted_role(judgement.workload, role.id) else "before"
    return RoleShown(
        role=role,
        offer=offer,
        state="absent" if offer.fact.person in absent else state,
        said=answer.fact.reason if isinstance(answer.fact, record.RoleRefused) else answer.fact.statement,
        answered=answer.stamp,
    )


def items_of(judgement: Judgement) -> tuple[ItemShown, ...]:
    """Every item of the handoff, in the order in which they were first offered."""
    workload = judgement.workload
    found = []
    for name, listed in workload.operating.items.items():
        answer = workload.operating.item_answer(name)
        if answer is None:
            found.append(ItemShown(listed=listed, state="offered"))
            continue
        refused = isinstance(answer.fact, record.HandoffItemRefused)
        state = "refused" if refused else "accepted" if record.accepted_item(workload, name) else "before"
        said = answer.fact.reason if isinstance(answer.fact, record.HandoffItemRefused) else answer.fact.remark
        found.append(ItemShown(listed=listed, state=state, said=said, answered=answer.stamp))
    return tuple(found)


def playbook_of(judgement: Judgement, workspace: Workspace, people: People) -> OperationsPlaybook:
    """The operations playbook as it stands now, with names in place of ids."""
    return assemble(judgement.playbook, judgement.workload, people.name, workspace.clock.now())


@get("/w/{slug:str}/operating", opt={"access": READ}, include_in_schema=False)
async def show_operating(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Roles, handoff, escalation, rotation and procedures, each with who answered and what is missing."""
    person = current_identity(request).person

    def build(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        workload = judgement.workload
        return {
            "roles": roles_of(judgement, workspace.accounts.absent_ids()),
            "items": items_of(judgement),
            "person": person,
            "receiving": record.receives(workload, person),
            "waiting": record.waiting_for(workload, person),
            "asked": [judgement.verdicts[one] for one in CRITERIA if one in judgement.verdicts],
            "today": day_of(workload, frame.now),
            "triggers": triggers(workload),
            "walked": walked_through(workload),
            "states": STATES,
        }

    return await workload_page(
        request, slug, "operating.html", build, here="operating", title="Operating model", live=True
    )


@get("/w/{slug:str}/operating/playbook", opt={"access": READ}, include_in_schema=False)
async def show_playbook(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The operations playbook on one page, to be read at night or printed."""

    def build(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {"book": playbook_of(judgement, workspace, frame.people)}

    return await workload_page(
        request, slug, "operations_playbook.html", build, here="operating", title="Operations playbook", live=True
    )


@get("/w/{slug:str}/operating/playbook.md", opt={"access": READ}, include_in_schema=False)
async def download_playbook(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The operations playbook as Markdown, to be kept where it can be read when this server cannot."""
    workspace = workspace_of(request)

    def work() -> bytes:
        return as_markdown(playbook_of(workspace.desk.judge(slug), workspace, People.of(workspace))).encode()

    content = await run_in(parts_of(request).threads.reading, work)
    headers = {"Content-Disposition": f'attachment; filename="{slug}-operations-playbook.md"'}
    return Response(content, media_type=MARKDOWN, headers=headers)


@get("/w/{slug:str}/handoff.csv", opt={"access": READ}, include_in_schema=False)
async def export_handoff(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every item of the handoff as a table."""

    def work() -> bytes:
        return csv_of(COLUMNS, _rows(workspace_of(request).desk.judge(slug)))

    return csv_answer(f"{slug}-handoff", await run_in(parts_of(request).threads.reading, work))


def _rows(judgement: Judgement) -> Iterator[tuple[Cell, ...]]:
    for one in items_of(judgement):
        fact, stamp, answered = one.listed.fact, one.listed.stamp, one.answered
        yield (
            fact.item, fact.what, stamp.by, stamp.at.isoformat(), stamp.position, one.state,
            answered.by if answered else None, answered.at.isoformat() if answered else None, one.said,
        )  # fmt: skip


handlers = [show_operating, show_playbook, download_playbook, export_handoff]
