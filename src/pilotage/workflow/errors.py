"""What the workflow refuses beside what the record does.

WorkflowError
├── UnknownWorkload     there is no workload of that name
├── UnknownAssessment   there is no assessment of that name
├── Overtaken           others kept writing to the workload; nothing was written
├── Outdated            measurements that are no longer the newest: measure again
├── NotComputable       frozen evidence that cannot be computed again here
└── NoDocument          a document that does not exist, or cannot be made yet
"""

from __future__ import annotations

from collections.abc import Iterable


class WorkflowError(Exception):
    """A stable code and a sentence that says what to do."""

    code = "workflow-error"


class UnknownWorkload(WorkflowError):
    """No workload of that short name."""

    code = "unknown-workload"

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no workload {slug}; `pilotage status` lists those that exist.")


class UnknownAssessment(WorkflowError):
    """No assessment of that id."""

    code = "unknown-assessment"

    def __init__(self, assessment: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no assessment {assessment}; there are {', '.join(known)}.")


class Overtaken(WorkflowError):
    """Every try met somebody else's write."""

    code = "conflict"

    def __init__(self, slug: str) -> None:
        super().__init__(f"Others are changing {slug} right now; nothing was written. Try again in a moment.")


class Outdated(WorkflowError):
    """What these measurements rest on is no longer held."""

    code = "conflict"

    def __init__(self, slug: str) -> None:
        super().__init__(f"{slug} was measured again in the meantime; nothing was written. Try again.")


class NotComputable(WorkflowError):
    """What was frozen cannot be read here, or needs a metric kind or an estimator that is not installed."""

    code = "not-computable"

    def __init__(self, why: object) -> None:
        super().__init__(f"The evidence cannot be computed again: {str(why).rstrip('.')}.")


class NoDocument(WorkflowError):
    """No document of that name, or nothing to make it of yet."""

    code = "no-document"
