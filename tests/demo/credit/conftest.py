"""The invented table of loans, written once for all tests of the credit referral."""

from __future__ import annotations

import pytest
from tests.demo.credit.invented import invented_rows, write_table

from pilotage.demo.credit.loans import read_table


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """A table of 6,000 invented loans."""
    return write_table(tmp_path_factory.mktemp("loans") / "invented.csv", invented_rows(6_000))


@pytest.fixture(scope="session")
def loans(table):
    """Those loans."""
    return read_table(table)
