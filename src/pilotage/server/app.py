"""The application: one factory puts the parts together and closes every address that does not say otherwise.

For pages: `pilotage.server.pages.routes` is taken in when it exists. It gives `route_handlers`, a list of Litestar
handlers, and `problem_page(request, problem) -> Response`, which shows a refusal to a person. Files in `server/static`
are served under `/static`. Path parameters are declared as `slug: FromPath[str]` (`litestar.params`). What handlers and
pages use:

    parts.workspace_of(request) -> Workspace            the workspace: desk, calls, ledger, accounts, clock
    parts.parts_of(request) -> Parts                    besides it: threads, meters, runtimes, changes, lease hub
    threads.run_in(pool, function, *args)               blocking work, off the event loop: `parts.threads.reading`
    auth.identity.current_identity(request) -> Identity who signed in: person, name, roles, scopes, csrf
    auth.identity.found_identity(request)               the same or None, on public addresses
    auth.access.PUBLIC, READ, COMMAND, ADMIN            `opt={"access": …}` of a handler; none means READ
    auth.csrf                                           unsafe requests are checked before the handler runs: every form
                                                        carries `<input type="hidden" name="csrf" value="{{ csrf }}">`
                                                        with `identity.csrf`; scripts send the header X-CSRF-Token
    await carrying_out.carry_out(request, slug, command, credential=…) -> Receipt
                                                        the same way that the interface goes; raises `Refused`, whose
                                                        `problems` have `field` and `message`. A form's own field for
                                                        the password of signatures is `credential`
    auth.signing_in, api.session.signed_in_answer       signing in and out
    problems.problem_of(error) -> HttpProblem           any error as status, code, sentence and fields
    GET /api/v1/events                                  changes as server-sent events, for pages that stay up to date

Somebody who is not signed in and asks for a page is sent to `/sign-in?next=…`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Litestar, Request
from litestar.datastructures import CacheControlHeader, State
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Response
from litestar.static_files import create_static_files_router

from pilotage.server.answering import problem_answer
from pilotage.server.api.assessments import get_assessment, list_assessments
from pilotage.server.api.calls import erase_unit, get_call, list_calls, retain_calls
from pilotage.server.api.candidates import list_candidates
from pilotage.server.api.charters import get_charter
from pilotage.server.api.commands import COMMAND_ENDPOINTS, ORGANISATION_ENDPOINTS
from pilotage.server.api.data_sources import get_data
from pilotage.server.api.demonstration import advance_clock
from pilotage.server.api.description import get_description
from pilotage.server.api.documents import get_audit_pack, get_document, list_documents
from pilotage.server.api.events import watch_changes
from pilotage.server.api.feedback import get_blind_pair, get_feedback
from pilotage.server.api.health import get_metrics, is_alive, is_ready
from pilotage.server.api.inboxes import get_inbox
from pilotage.server.api.ingestion import record_calls, record_outcomes
from pilotage.server.api.leases import get_lease, greet, list_runtimes
from pilotage.server.api.ledger import get_keys, list_entries, verify_ledger
from pilotage.server.api.outside import get_outside_results
from pilotage.server.api.permissions import get_permissions
from pilotage.server.api.playbooks import get_playbook, list_playbooks
from pilotage.server.api.portfolios import get_portfolio
from pilotage.server.api.reviews import get_reviews
from pilotage.server.api.sections import SECTION_ENDPOINTS
from pilotage.server.api.session import get_me, list_people, sign_in_by_form, sign_in_with_link, sign_out
from pilotage.server.api.training import take_completions
from pilotage.server.api.workloads import get_evidence, get_gates, get_record, get_workload, list_workloads
from pilotage.server.auth.access import PUBLIC
from pilotage.server.auth.guard import guard
from pilotage.server.auth.recognised import Recognised
from pilotage.server.changes import Changes
from pilotage.server.description.document import document
from pilotage.server.headers import protective_headers
from pilotage.server.inboxes import Inboxes
from pilotage.server.leases.hub import LeaseHub
from pilotage.server.leases.runtimes import Runtimes
from pilotage.server.metering import Meters
from pilotage.server.parts import Parts, parts_of
from pilotage.server.problems import problem_of
from pilotage.server.rounds import Rounds
from pilotage.server.shelves import Shelves
from pilotage.server.threads import Threads
from pilotage.workflow.workspace import Workspace

HERE = Path(__file__).parent
PAGES = "pilotage.server.pages.routes"
MACHINES = ("/api/", "/metrics", "/healthz", "/readyz", "/static/")
STATIC_SECONDS = 3600

ENDPOINTS: Sequence[HTTPRouteHandler] = (
    *COMMAND_ENDPOINTS,
    *ORGANISATION_ENDPOINTS,
    *SECTION_ENDPOINTS,
    advance_clock,
    erase_unit,
    get_assessment,
    get_call,
    get_data,
    get_description,
    get_document,
    get_evidence,
    get_gates,
    get_inbox,
    get_feedback,
    get_blind_pair,
    get_reviews,
    get_charter,
    get_permissions,
    get_keys,
    get_lease,
    get_me,
    get_metrics,
    get_outside_results,
    get_playbook,
    get_portfolio,
    get_record,
    get_workload,
    greet,
    is_alive,
    is_ready,
    list_assessments,
    list_calls,
    list_candidates,
    list_documents,
    get_audit_pack,
    list_entries,
    list_people,
    list_playbooks,
    list_runtimes,
    list_workloads,
    record_calls,
    record_outcomes,
    retain_calls,
    sign_in_by_form,
    sign_in_with_link,
    sign_out,
    take_completions,
    verify_ledger,
    watch_changes,
)


def create_app(workspace: Workspace, *, secure_cookies: bool = False) -> Litestar:
    """The application that serves a workspace. `secure_cookies`: it is reached by HTTPS only.

    The workspace stays the caller's to close, after the application has shut down.
    """
    parts = _parts(workspace, secure_cookies=secure_cookies)
    pages = _pages()
    parts.problem_page = getattr(pages, "problem_page", None)
    return Litestar(
        [*ENDPOINTS, *getattr(pages, "route_handlers", ()), *_static_files()],
        before_send=[protective_headers(secure=secure_cookies)],
        debug=False,
        exception_handlers={Exception: _refuse},
        guards=[guard],
        lifespan=[_running],
        logging_config=None,
        openapi_config=None,
        state=State({"parts": parts}),
    )


def _parts(workspace: Workspace, *, secure_cookies: bool) -> Parts:
    threads, meters, changes = Threads(), Meters(), Changes()
    return Parts(
        workspace=workspace,
        threads=threads,
        meters=meters,
        runtimes=Runtimes(),
        recognised=Recognised(),
        changes=changes,
        inboxes=Inboxes(workspace),
        shelves=Shelves(workspace),
        hub=LeaseHub(workspace=workspace, threads=threads, meters=meters, changes=changes),
        rounds=Rounds(workspace=workspace, threads=threads, meters=meters, secure=secure_cookies),
        secure_cookies=secure_cookies,
        description=document(ENDPOINTS),
    )


@asynccontextmanager
async def _running(app: Litestar) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.changes.open()
    await parts.hub.open()
    await parts.rounds.open()
    try:
        yield
    finally:
        parts.changes.end()
        await parts.rounds.close()
        await parts.hub.close()
        parts.threads.close()


def _pages() -> object | None:
    if importlib.util.find_spec(PAGES) is None:
        return None
    return importlib.import_module(PAGES)


def _static_files() -> list[Any]:
    directory = HERE / "static"
    if not directory.is_dir():
        return []
    cached = CacheControlHeader(max_age=STATIC_SECONDS, public=True)
    files = create_static_files_router(
        path="/static", directories=[directory], cache_control=cached, opt={"access": PUBLIC}
    )
    return [files]


def _refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any error as an answer: problem details for programs, a page for people."""
    problem = problem_of(error)
    if request.url.path.startswith(MACHINES):
        return problem_answer(problem)
    if problem.status == 401 and request.method == "GET":  # noqa: PLR2004 - the status is its own name
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect(f"/sign-in?next={quote(wanted)}", status_code=303)
    page = parts_of(request).problem_page
    return problem_answer(problem) if page is None else page(request, problem.json)
