"""One endpoint per command, made from the commands' own types."""

from __future__ import annotations

import hashlib

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from pilotage.record.areas.data import SAMPLE_BYTES_MAX, CheckSample
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED, Command
from pilotage.record.organisation import (
    ORGANISATION,
    ORGANISATION_COMMANDS,
    ORGANISATION_PERMITTED,
    OrganisationCommand,
)
from pilotage.server.answering import json_answer
from pilotage.server.api.idempotency import IDEMPOTENCY_KEY, once
from pilotage.server.asking import AnyRequest, body_of
from pilotage.server.auth.access import COMMAND
from pilotage.server.auth.credentials import CREDENTIAL_HEADER, given_credential
from pilotage.server.carrying_out import carry_out, carry_out_for_organisation
from pilotage.server.description.endpoint import BODY_BYTES_MAX, Answer, Header, endpoint
from pilotage.server.description.examples import COMMAND_EXAMPLES, ORGANISATION_EXAMPLES
from pilotage.workflow.desk import Receipt

CREDENTIAL = Header(
    name=CREDENTIAL_HEADER,
    means="Your password in UTF-8, asked for again because this command is a signature.",
)
DONE = Answer(
    of=Receipt,
    means="What was written, durably.",
    example=Receipt(workload="ticket-triage", sequence=3, positions=(17,), kinds=("killed",)),
)
DONE_FOR_ORGANISATION = Answer(
    of=Receipt,
    means="What was written, durably.",
    example=Receipt(workload=ORGANISATION, sequence=1, positions=(18,), kinds=("assessment_answered",)),
)

# A file in base64 takes a third more than itself.
BODIES: dict[type[Command], int] = {CheckSample: SAMPLE_BYTES_MAX * 4 // 3 + BODY_BYTES_MAX}


def _command_endpoint(name: str, kind: type[Command]) -> HTTPRouteHandler:
    asks = name in ASKS_CREDENTIAL
    permitted = f"Roles: {', '.join(sorted(PERMITTED[name]))}."

    @endpoint(
        "POST",
        f"/api/v1/workloads/{{slug}}/commands/{name}",
        operation=_operation(name),
        tag="Commands",
        access=COMMAND,
        summary=f"{kind.__doc__}\n\n{permitted}",
        body=kind,
        body_example=COMMAND_EXAMPLES[name],
        body_bytes_max=BODIES.get(kind, BODY_BYTES_MAX),
        headers=(IDEMPOTENCY_KEY, CREDENTIAL) if asks else (IDEMPOTENCY_KEY,),
        answers={201: DONE},
        refusals=(404, 409, 422, 429) if asks else (404, 409, 422),
    )
    async def give(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
        command = await body_of(request, kind)

        async def work() -> Response[bytes]:
            receipt = await carry_out(request, slug, command, credential=given_credential(request))
            return json_answer(receipt, status=201)

        asked = hashlib.sha256(b"\0".join((slug.encode(), msgspec.json.encode(command)))).hexdigest()
        return await once(request, asked, work)

    return give


def _operation(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _organisation_endpoint(name: str, kind: type[OrganisationCommand]) -> HTTPRouteHandler:
    permitted = f"Roles that hold everywhere: {', '.join(sorted(ORGANISATION_PERMITTED[name]))}."

    @endpoint(
        "POST",
        f"/api/v1/organisation/commands/{name}",
        operation=_operation(name),
        tag="Organisation",
        access=COMMAND,
        summary=f"{kind.__doc__}\n\n{permitted}",
        body=kind,
        body_example=ORGANISATION_EXAMPLES[name],
        headers=(IDEMPOTENCY_KEY,),
        answers={201: DONE_FOR_ORGANISATION},
        refusals=(409, 422),
    )
    async def give(request: AnyRequest) -> Response[bytes]:
        command = await body_of(request, kind)

        async def work() -> Response[bytes]:
            return json_answer(await carry_out_for_organisation(request, command), status=201)

        asked = hashlib.sha256(b"\0".join((ORGANISATION.encode(), msgspec.json.encode(command)))).hexdigest()
        return await once(request, asked, work)

    return give


ORGANISATION_ENDPOINTS = [_organisation_endpoint(name, kind) for name, kind in ORGANISATION_COMMANDS.items()]
COMMAND_ENDPOINTS = [_command_endpoint(name, kind) for name, kind in COMMANDS.items()]
