"""The workspace as commands see it, whether in place or through its server: each command is written once.

What the methods give is the JSON of the HTTP interface.
"""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class Access(Protocol):
    """A way to a workspace. Methods raise what the workspace or the server refuses."""

    where: str
    """Which workspace this is, for people: a folder or an address."""

    def workloads(self) -> list[Json]:
        """Every workload at a glance."""

    def workload(self, slug: str) -> Json:
        """One workload at a glance."""

    def portfolio(self) -> Json:
        """The portfolio in figures."""

    def inbox(self) -> Json:
        """What waits for whoever acts."""

    def gates(self, slug: str) -> list[Json]:
        """Every gate of a workload, with its verdicts, in the playbook's order."""

    def reviews(self, slug: str) -> Json:
        """The reviews of a workload."""

    def charter(self, slug: str) -> Json:
        """The versions and signatures of a workload's charter."""

    def outside(self, slug: str) -> Json:
        """The results that were brought from outside."""

    def feedback(self, slug: str) -> Json:
        """What users say of a workload."""

    def blind_pair(self, slug: str) -> Json:
        """The pair that whoever asks is to judge blind now."""

    def candidates(self) -> Json:
        """The candidate problems, best score first, with the scales and who has room for a pilot."""

    def assessments(self) -> Json:
        """Every assessment of the organisation at a glance."""

    def assessment(self, assessment: str) -> Json:
        """One assessment of the organisation in full."""

    def data(self, slug: str) -> Json:
        """The data sources of a workload."""

    def section(self, slug: str, section: str) -> Json:
        """One section of a workload's evidence."""

    def documents(self, slug: str) -> list[Json]:
        """The documents of a workload: `id`, `title`, `says`, and `missing` where one cannot be made yet."""

    def document(self, slug: str, document: str, form: str) -> bytes:
        """A document of a workload, as `pdf` or `html`."""

    def audit_pack(self, slug: str) -> bytes:
        """The audit pack of a workload, as a zip."""

    def record(self, slug: str) -> Json | None:
        """Everything recorded of a workload; None when there is no such workload."""

    def me(self) -> Json:
        """Who acts: `person`, `username`, `roles`."""

    def people(self) -> list[Json]:
        """Everybody known: `person`, `name`, `roles`, and `username` where it may be seen."""

    def is_demonstration(self) -> bool:
        """Whether the workspace is one."""

    def give(self, slug: str, command: str, fields: Json) -> Json:
        """Give a command; what it wrote. A signature asks for the password."""

    def give_for_organisation(self, command: str, fields: Json) -> Json:
        """Give a command about the organisation; what it wrote."""

    def take_outcomes(self, slug: str, outcomes: list[Json]) -> Json:
        """Store outcomes durably: `accepted` and `duplicates`."""

    def entries(self, after: int, limit: int) -> list[Json]:
        """The ledger's entries after a position."""

    def verification(self) -> Json:
        """What checking the whole ledger finds."""

    def close(self) -> None:
        """Release what is held."""
