"""What the product found when it went through its own records: the whole ledger, and a sample of calls. Pure.

Nobody commands it: the watch does it by itself and writes down what it found.
"""

from __future__ import annotations

from msgspec import Struct, structs

from pilotage.record.areas.area import Area
from pilotage.record.stamps import Stamp, Standing


class RecordsAudited(Struct, frozen=True, kw_only=True, tag="records_audited"):
    """The ledger was verified, with so many `entries` and `problems`, up to the head `root`; and of the newest calls
    `sampled` were followed back to the decision that let them run. `untraced` says of the first few what was missing.
    """

    entries: int
    root: str
    problems: int
    sampled: int
    traced: int
    untraced: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether the ledger verified, and every sampled call could be followed."""
        return not self.problems and self.traced == self.sampled > 0


class SelfSeen(Struct, frozen=True, kw_only=True):
    """One thing that the product looked at in its own workspace: whether it is as it has to be, and what was found."""

    check: str
    holds: bool
    found: str


class WorkspaceInspected(Struct, frozen=True, kw_only=True, tag="workspace_inspected"):
    """What the product saw of its own security. It says how many, never who."""

    seen: tuple[SelfSeen, ...]


AuditingFact = RecordsAudited | WorkspaceInspected


class Auditing(Struct, frozen=True, kw_only=True):
    """The newest audit, and the newest look at the workspace's own security."""

    newest: Standing[RecordsAudited] | None = None
    inspected: Standing[WorkspaceInspected] | None = None


def _audited(state: Auditing, fact: RecordsAudited, stamp: Stamp) -> Auditing:
    return structs.replace(state, newest=Standing(fact=fact, stamp=stamp))


def _inspected(state: Auditing, fact: WorkspaceInspected, stamp: Stamp) -> Auditing:
    return structs.replace(state, inspected=Standing(fact=fact, stamp=stamp))


AREA = Area(name="auditing", folds={RecordsAudited: _audited, WorkspaceInspected: _inspected}, permitted={})
