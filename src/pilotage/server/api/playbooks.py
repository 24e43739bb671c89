"""The playbooks that come with the product."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.playbook.loading import load, shipped
from pilotage.playbook.types import Playbook
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in


class PlaybookItem(Struct, frozen=True, kw_only=True):
    """A playbook in a list."""

    id: str
    title: str
    version: int
    summary: str


class PlaybooksJson(Struct, frozen=True, kw_only=True):
    """Every playbook that a workload may follow."""

    playbooks: tuple[PlaybookItem, ...]


@endpoint(
    "GET",
    "/api/v1/playbooks",
    operation="listPlaybooks",
    tag="Playbooks",
    access=READ,
    answers={200: Answer(of=PlaybooksJson, means="The playbooks.")},
)
async def list_playbooks(request: AnyRequest) -> Response[bytes]:
    """List the playbooks that a workload may follow."""
    return json_answer(await run_in(parts_of(request).threads.reading, _all))


def _all() -> PlaybooksJson:
    books = map(load, shipped())
    return PlaybooksJson(
        playbooks=tuple(PlaybookItem(id=b.id, title=b.title, version=b.version, summary=b.summary) for b in books)
    )


@endpoint(
    "GET",
    "/api/v1/playbooks/{playbook}",
    operation="getPlaybook",
    tag="Playbooks",
    access=READ,
    answers={200: Answer(of=Playbook, means="The playbook.")},
    refusals=(404,),
)
async def get_playbook(request: AnyRequest, playbook: FromPath[str]) -> Response[bytes]:
    """Show a playbook: its phases, criteria, reviews and rules."""
    return json_answer(await run_in(parts_of(request).threads.reading, load, playbook))
