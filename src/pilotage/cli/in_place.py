"""The workspace opened in this process, when no server runs for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pilotage.bootstrap import Environment, open_workspace
from pilotage.cli.access import Json
from pilotage.cli.acting import Acting, acting, first_account
from pilotage.operations.folder_leases import FolderLeases
from pilotage.operations.spooling import ingest_spool
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS
from pilotage.record.context import Actor
from pilotage.record.organisation import ORGANISATION_COMMANDS
from pilotage.runtime.records import Outcome
from pilotage.workflow.assessments import assessment_of, assessments_of
from pilotage.workflow.audit_pack import audit_pack
from pilotage.workflow.candidates import intake_of
from pilotage.workflow.charters import charter_json
from pilotage.workflow.data_sources import data_json
from pilotage.workflow.documents import listed, made
from pilotage.workflow.feedback import feedback_json
from pilotage.workflow.inbox import inbox_of
from pilotage.workflow.outside import outside_json
from pilotage.workflow.portfolio_figures import figures_now
from pilotage.workflow.resting import whole
from pilotage.workflow.reviews import reviews_json
from pilotage.workflow.sections import SECTIONS
from pilotage.workflow.views import gate_json, workload_json
from pilotage.workflow.workspace import Workspace

if TYPE_CHECKING:
    from pilotage.cli.invocation import Invocation

LIVE_LATER = frozenset({"suggest", "live"})


def opened(home: Path) -> Workspace:
    """The workspace of a folder; its database may be elsewhere, as PILOTAGE_DATABASE says."""
    return open_workspace(Environment.read({**os.environ, "PILOTAGE_HOME": str(home)}))


def usernames(workspace: Workspace) -> list[Json]:
    """Everybody as the interface lists them, with the name of an account besides."""
    return [
        {
            "person": person.person,
            "name": person.name,
            "roles": sorted(person.roles),
            "username": next((account.username for account in person.accounts if not account.disabled), None),
        }
        for person in workspace.accounts.people()
    ]


class InPlace:
    """An `Access` to a workspace's own files. Opening it takes in what embedded runtimes have spooled.

    `makes`: a workspace that nobody has an account in gets its first one.
    """

    def __init__(self, run: Invocation, *, makes: bool) -> None:
        self._run = run
        self._workspace = opened(run.home)
        self._acting: Acting | None = None
        self.where = str(run.home)
        try:
            made = first_account(self._workspace.accounts) if makes else None
            if made is not None:
                run.screen.remark(
                    f"A workspace was made in {run.home}, with the account {made.username}. "
                    f"Give it a password before anything is signed: pilotage user password {made.username}"
                )
            ingest_spool(self._workspace)
            self._leases = FolderLeases(self._workspace, stays=False)
            self._leases.renew()
        except BaseException:
            self._workspace.close()
            raise

    def workloads(self) -> list[Json]:
        """Every workload at a glance, in the order of their names."""
        desk = self._workspace.desk
        return [self.workload(slug) for slug in sorted(workload.slug for workload in desk.all())]

    def workload(self, slug: str) -> Json:
        """One workload at a glance."""
        found: Json = msgspec.to_builtins(workload_json(self._workspace.desk.judge(slug), self._workspace.clock.now()))
        return found

    def portfolio(self) -> Json:
        """The portfolio in figures."""
        found: Json = msgspec.to_builtins(figures_now(self._workspace))
        return found

    def inbox(self) -> Json:
        """What waits for whoever acts."""
        who = self._who()
        found: Json = msgspec.to_builtins(inbox_of(self._workspace, who.person, who.roles))
        return found

    def gates(self, slug: str) -> list[Json]:
        """Every gate of a workload."""
        judgement = self._workspace.desk.judge(slug)
        return [msgspec.to_builtins(gate_json(judgement, phase.id)) for phase in judgement.playbook.phases]

    def reviews(self, slug: str) -> Json:
        """The reviews of a workload."""
        judgement, now = self._workspace.desk.judge(slug), self._workspace.clock.now()
        found: Json = msgspec.to_builtins(reviews_json(judgement, now))
        return found

    def charter(self, slug: str) -> Json:
        """The versions and signatures of a workload's charter."""
        found: Json = msgspec.to_builtins(charter_json(self._workspace.desk.load(slug)))
        return found

    def outside(self, slug: str) -> Json:
        """The results that were brought from outside."""
        found: Json = msgspec.to_builtins(outside_json(self._workspace.desk.judge(slug)))
        return found

    def feedback(self, slug: str) -> Json:
        """What users say of a workload."""
        found: Json = msgspec.to_builtins(feedback_json(self._workspace, self._workspace.desk.judge(slug)))
        return found

    def blind_pair(self, slug: str) -> Json:
        """The pair that whoever asks is to judge blind now."""
        workload = self._workspace.desk.load(slug)
        found: Json = msgspec.to_builtins(self._workspace.pairs.next_for(workload, self.me()["person"]))
        return found

    def candidates(self) -> Json:
        """The candidate problems."""
        found: Json = msgspec.to_builtins(intake_of(self._workspace))
        return found

    def assessments(self) -> Json:
        """The assessments of the organisation."""
        found: Json = msgspec.to_builtins(assessments_of(self._workspace))
        return found

    def assessment(self, assessment: str) -> Json:
        """One assessment of the organisation."""
        found: Json = msgspec.to_builtins(assessment_of(self._workspace, assessment))
        return found

    def data(self, slug: str) -> Json:
        """The data sources of a workload."""
        found: Json = msgspec.to_builtins(data_json(self._workspace.desk.judge(slug)))
        return found

    def section(self, slug: str, section: str) -> Json:
        """One section of a workload's evidence."""
        judgement = self._workspace.desk.judge(slug)
        found: Json = msgspec.to_builtins(whole(SECTIONS[section], self._workspace, judgement))
        return found

    def documents(self, slug: str) -> list[Json]:
        """The documents of a workload."""
        return list(msgspec.to_builtins(listed(self._workspace.desk.load(slug))))

    def document(self, slug: str, document: str, form: str) -> bytes:
        """A document of a workload."""
        return made(self._workspace, slug, document, form).content

    def audit_pack(self, slug: str) -> bytes:
        """The audit pack of a workload."""
        return audit_pack(self._workspace, slug).content

    def record(self, slug: str) -> Json | None:
        """Everything recorded of a workload."""
        workload = self._workspace.desk.find(slug)
        return None if workload is None else msgspec.to_builtins(workload)

    def me(self) -> Json:
        """Who acts."""
        who = self._who()
        return {"person": who.person, "username": who.username, "roles": sorted(who.roles)}

    def people(self) -> list[Json]:
        """Everybody known."""
        return usernames(self._workspace)

    def is_demonstration(self) -> bool:
        """Whether the workspace is one."""
        return self._workspace.demonstration

    def give(self, slug: str, command: str, fields: Json) -> Json:
        """Give a command, and leave the lease that follows from it in the folder."""
        who = self._who()
        if command in ASKS_CREDENTIAL:
            who.check_signature()
        roles = who.roles | self._workspace.accounts.roles_of(who.person, slug)
        asked = msgspec.convert(fields, COMMANDS[command])
        receipt = self._workspace.desk.issue(Actor(person=who.person, roles=roles), slug, asked)
        self._leases.write(slug)
        if fields.get("mode") in LIVE_LATER:
            self._run.screen.remark(f"{fields['mode']} begins with `pilotage up`: only a server renews its lease.")
        return dict(msgspec.to_builtins(receipt))

    def give_for_organisation(self, command: str, fields: Json) -> Json:
        """Give a command about the organisation."""
        who = self._who()
        asked = msgspec.convert(fields, ORGANISATION_COMMANDS[command])
        receipt = self._workspace.desk.issue_for_organisation(Actor(person=who.person, roles=who.roles), asked)
        return dict(msgspec.to_builtins(receipt))

    def take_outcomes(self, slug: str, outcomes: list[Json]) -> Json:
        """Store outcomes durably."""
        taken = self._workspace.calls.append_outcomes(slug, msgspec.convert(outcomes, list[Outcome]))
        return dict(msgspec.to_builtins(taken))

    def entries(self, after: int, limit: int) -> list[Json]:
        """The ledger's entries after a position."""
        return [msgspec.to_builtins(entry) for entry in self._workspace.ledger.read_all(after, limit)]

    def verification(self) -> Json:
        """What checking the whole ledger finds."""
        return dict(msgspec.to_builtins(self._workspace.ledger.verify()))

    def close(self) -> None:
        """Close the workspace."""
        self._workspace.close()

    def _who(self) -> Acting:
        if self._acting is None:
            self._acting = acting(self._run, self._workspace.accounts)
        return self._acting
