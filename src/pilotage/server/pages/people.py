"""Names in place of ids on pages: chosen from in forms, and with the role that somebody holds."""

from __future__ import annotations

from pilotage.record.workload import Workload
from pilotage.server.pages.forms import Option
from pilotage.server.pages.wording import role
from pilotage.workflow.naming import Names


class People(Names, frozen=True, kw_only=True):
    """Everybody's name by id, as pages write them."""

    @property
    def options(self) -> list[Option]:
        """Everybody known, by name, to be chosen from."""
        by_name = sorted(self.names.items(), key=lambda one: one[1].casefold())
        return [Option(value=person, label=name) for person, name in by_name]

    def by(self, who: str, workload: Workload) -> str:
        """Whom a next action names: a role with the person who holds it here, or a person."""
        holders = {"owner": workload.owner, "sponsor": workload.sponsor}
        area = who.removesuffix(" reviewer")
        holder = holders.get(who) or workload.reviewers.get(area)
        return f"{role(who)} {self.name(holder)}" if holder else self.name(who)
