"""What waits for one person on one workload, and the one action that carries it out. Pure types."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from msgspec import Struct

from pilotage.gates.pacing import planned
from pilotage.record.commands import PERMITTED
from pilotage.record.workload import Workload, day_of
from pilotage.workflow.desk import Judgement

NONE: frozenset[str] = frozenset()


class Reader(Struct, frozen=True, kw_only=True):
    """Whose inbox it is: the roles that hold everywhere, and those granted on single workloads, each with its slug."""

    person: str
    roles: frozenset[str] = NONE
    granted: tuple[tuple[str, frozenset[str]], ...] = ()

    def roles_on(self, workload: Workload) -> frozenset[str]:
        """The roles that count on one workload."""
        return roles_here(self.roles | self.granted_on(workload.slug), workload, self.person)

    def granted_on(self, slug: str) -> frozenset[str]:
        """The roles granted on one workload."""
        return next((roles for workload, roles in self.granted if workload == slug), NONE)


def roles_here(roles: frozenset[str], workload: Workload, person: str) -> frozenset[str]:
    """The roles that count on one workload: once it has an owner and a sponsor, theirs are theirs alone."""
    taken = {role for role, holder in (("owner", workload.owner), ("sponsor", workload.sponsor)) if holder}
    held = {role.partition(":")[0] for role in workload.roles_of(person)}
    return (roles - taken) | held


class Waiting(Struct, frozen=True, kw_only=True):
    """One line of an inbox: what waits, since when and until when, and the one action.

    `command` is the command that carries it out, None where it is carried out on a page; `href` leads to the form or
    the page. `about` are the criteria that it moves.
    """

    kind: str
    workload: str
    title: str
    what: str
    since: dt.datetime | None
    due: dt.date | None
    overdue: bool
    action: str
    href: str
    command: str | None = None
    about: tuple[str, ...] = ()


class Place(Struct, frozen=True, kw_only=True):
    """What every kind of line looks at: one workload as it stands, for one person, at one moment."""

    judgement: Judgement
    reader: Reader
    now: dt.datetime

    @property
    def workload(self) -> Workload:
        """The workload's record."""
        return self.judgement.workload

    @property
    def person(self) -> str:
        """Whose inbox it is."""
        return self.reader.person

    @property
    def today(self) -> dt.date:
        """The day in the charter's time zone."""
        return day_of(self.workload, self.now)

    @property
    def involved(self) -> bool:
        """Whether the person has a part in the workload: holds a role here, was given one, or has acted on it.

        Without that, a role that holds everywhere would bring every engineer the work of every workload.
        """
        workload = self.workload
        held = workload.roles_of(self.person) or self.reader.granted_on(workload.slug)
        return bool(held) or self.person in workload.acts

    def ends(self, phase: str) -> dt.date | None:
        """The last day of a phase by the cadence; None where it has no end."""
        ends = planned(self.judgement.playbook, self.workload, phase)[1]
        return None if ends is None else ends - dt.timedelta(days=1)

    def may(self, command: str) -> bool:
        """Whether the person's roles here permit a command."""
        return bool(PERMITTED[command] & self.reader.roles_on(self.workload))

    def day(self, moment: dt.datetime) -> dt.date:
        """The day that a moment falls on in the charter's time zone."""
        return day_of(self.workload, moment)

    def form(
        self,
        kind: str,
        what: str,
        action: str,
        command: str,
        *,
        since: dt.datetime | None = None,
        due: dt.date | None = None,
        about: tuple[str, ...] = (),
        **fields: str,
    ) -> Waiting:
        """A line whose action is a command's form, with fields filled in."""
        asked = f"?{urlencode(fields)}" if fields else ""
        href = f"/w/{self.workload.slug}/do/{command}{asked}"
        return self.page(kind, what, action, href, since=since, due=due, about=about, command=command)

    def page(
        self,
        kind: str,
        what: str,
        action: str,
        href: str,
        *,
        since: dt.datetime | None = None,
        due: dt.date | None = None,
        about: tuple[str, ...] = (),
        command: str | None = None,
    ) -> Waiting:
        """A line whose action is carried out on a page."""
        return Waiting(
            kind=kind,
            workload=self.workload.slug,
            title=self.workload.title,
            what=what,
            since=since,
            due=due,
            overdue=due is not None and due < self.today,
            action=action,
            href=href,
            command=command,
            about=about,
        )
