"""What a section of the evidence is: one question, the figures that answer it, and the page that shows them.

Only the type; the list is in `sections.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

Build = Callable[[Workspace, Judgement], Struct]


class Section(Struct, frozen=True, kw_only=True):
    """One section. `question` is a whole sentence, `of` the type that `build` gives: the answer as the interface
    describes it. A section with nothing to show yet gives an answer that says so, with the reason.

    `methods` name how it comes to what it says where its figures do not name theirs.

    `page` is the path of the page that shows it below a workload's address: `/evidence/drift`, say.
    """

    id: str
    title: str
    question: str
    page: str
    of: type[Struct]
    build: Build
    methods: tuple[str, ...] = ()
