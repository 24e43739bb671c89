"""The sections of the evidence, each in one line: API, command line and pages are made from this list.

To add one, called `drift` here:

1. Compute it in `evidence/` (pure), and write `workflow/drift_section.py`: the answer as a frozen `Struct` whose
   docstring says what its fields mean, `build(workspace, judgement)` that makes it, and `SECTION = Section(...)`.
2. Import the module here and put its `SECTION` into `LISTED`. That makes the endpoint
   `GET /api/v1/workloads/{slug}/evidence/drift`, typed in the description, and `pilotage evidence W --section drift`.
3. Write how a terminal shows its JSON, `draw(screen, answer, asked)`, in a module `cli/evidence_drift.py`, and name it
   in `DRAWN` of `cli/evidence.py`. A test fails until it is there.
4. For a page of its own: a module in `server/pages/` whose handler calls `evidence_page`, its handlers in
   `server/pages/routes.py`, a template that extends `evidence_base.html` and fills the block `evidence`, and its line
   in `SUBPAGES` of `server/pages/evidence_frame.py`. Several sections may share a page.
5. `make guides` writes it into `docs/sections.md`.
"""

from __future__ import annotations

from pilotage.workflow import (
    adoption_section,
    agreement_section,
    answer_section,
    attempts_section,
    before_labels_section,
    cost_section,
    disagreements_section,
    drift_section,
    labels_section,
    segments_section,
    service_section,
    shortfall_section,
    trust_section,
    value_section,
)
from pilotage.workflow.section import Section

LISTED: tuple[Section, ...] = (
    answer_section.SECTION,
    trust_section.SECTION,
    drift_section.SECTION,
    labels_section.SECTION,
    before_labels_section.SECTION,
    service_section.SECTION,
    attempts_section.SECTION,
    cost_section.SECTION,
    adoption_section.SECTION,
    value_section.SECTION,
    segments_section.SECTION,
    agreement_section.SECTION,
    disagreements_section.SECTION,
    shortfall_section.SECTION,
)
SECTIONS: dict[str, Section] = {section.id: section for section in LISTED}


def reference() -> str:
    """The page that lists them. Ends with a newline."""
    rows = [
        f"| `{one.id}` | {one.title} | {one.question} | `/w/{{slug}}{one.page}` | `{one.of.__name__}` |"
        for one in SECTIONS.values()
    ]
    return "\n".join([HEAD.rstrip(), *rows]) + "\n"


HEAD = """# The sections of the evidence

<!-- Generated: make guides -->

Each answers one question. As JSON: `GET /api/v1/workloads/{slug}/evidence/{section}`, whose types are in the
[description](api.md); in the terminal: `pilotage evidence WORKLOAD --section SECTION`; and on a page. How figures come
about is in [evidence](evidence.md) and [statistics](statistics.md).

| section | title | question | page | type |
| --- | --- | --- | --- | --- |
"""
