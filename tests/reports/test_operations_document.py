from __future__ import annotations

import datetime as dt
import re

from msgspec import structs

from pilotage.record.stamps import Stamp
from pilotage.reports.documents.model import Imprint
from pilotage.reports.documents.operations import operations_document
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.operations_playbook import Call, OperationsPlaybook, Procedure, Shift, rollback

AT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
IMPRINT = Imprint(workload="ticket-triage", position=99, made_at=AT)
EMPTY = OperationsPlaybook(
    slug="ticket-triage",
    title="Ticket triage",
    phase="harden",
    release="r1",
    position=99,
    read_at=AT,
    owner="Ann",
    sponsor="Sam",
    roles=(),
    taken=(),
    path=(),
    rotation=(),
    commands=rollback("ticket-triage"),
    procedures=(Procedure(trigger="alert:drift", title="Inputs have drifted"),),
    clearings=(),
    walked=None,
    walked_by="",
)


def test_a_playbook_that_is_not_finished_says_what_it_lacks():
    """An empty record gives a document all the same: it says that nobody is called, planned or has written anything."""
    page = page_of(operations_document(EMPTY, IMPRINT))
    for lack in ("No escalation path is set.", "Nobody is planned.", "Nobody has written this procedure yet."):
        assert lack in page
    assert "Nobody has walked through this playbook" in page
    assert "pilotage kill ticket-triage" in page


def test_a_long_playbook_breaks_over_pages_with_its_long_names():
    """Forty procedures with names without a space take several pages, and each page has its number; the same book gives
    the same bytes.
    """
    long = "Wolfeschlegelsteinhausenbergerdorff" * 4
    book = structs.replace(
        EMPTY,
        path=(Call(step="first", person=long, reach=long, minutes=15, position=3),),
        rotation=(Shift(person=long, reach="1", starts_on=AT.date(), ends_on=AT.date(), is_now=True, position=4),),
        procedures=tuple(
            Procedure(trigger=f"alert:{n}", title=f"{long} {n}", steps="Look.\nThen act. " * 20, position=n)
            for n in range(1, 41)
        ),
        walked=Stamp(by="ann", at=AT, position=7),
        walked_by="Ann",
    )
    document = operations_document(book, IMPRINT)
    pdf = typesetter().pdf(document)
    assert int(re.findall(rb"/Type/Pages/Count (\d+)", pdf)[0]) > 3
    assert pdf == typesetter().pdf(operations_document(book, IMPRINT))
    assert "Walked through by Ann" in page_of(document)
