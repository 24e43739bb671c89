"""The table of loans: what is read from it, what is refused, and the invented order and times."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from tests.demo.credit.invented import invented_rows, write_table

from pilotage.demo.credit.loans import (
    LABEL_DAYS,
    NUMBERS,
    WORDS,
    BadTable,
    arrivals,
    digest_of,
    halves,
    read_table,
)

FIRST = dt.date(2016, 3, 7)


def test_the_arms_get_neither_state_nor_interest_rate(loans):
    """An application holds the applicant's numbers and words and the grade, and nothing else of the row."""
    application = loans[0].application
    assert set(application) == {"numbers", "words", "grade"}
    assert (tuple(application["numbers"]), tuple(application["words"])) == (NUMBERS, WORDS)


def test_labels_are_as_the_table_has_them(loans):
    """`bad` is true for the rows that say so, row by row."""
    rows = invented_rows(6_000)
    assert [loan.bad for loan in loans] == [row["Class"] == "bad" for row in rows]
    assert [loan.application["grade"] for loan in loans] == [row["sub_grade"] for row in rows]


def test_a_table_without_its_columns_is_refused_with_all_that_is_missing(tmp_path):
    """Every missing column is named at once."""
    rows = [{k: v for k, v in row.items() if k not in {"sub_grade", "annual_inc"}} for row in invented_rows(300)]
    with pytest.raises(BadTable, match="no column annual_inc, sub_grade"):
        read_table(write_table(tmp_path / "short.csv", rows))


def test_wrong_values_are_refused_row_by_row(tmp_path):
    """Each wrong value is named with its row; a value that is no finite number is one of them."""
    rows = invented_rows(300)
    rows[1] |= {"annual_inc": "much", "sub_grade": "H1"}
    rows[4] |= {"revol_util": "nan", "Class": "late"}
    with pytest.raises(BadTable) as refused:
        read_table(write_table(tmp_path / "wrong.csv", rows))
    assert str(refused.value).endswith(
        "row 2: annual_inc is 'much', not a number, sub_grade is 'H1', not A1 to G5; "
        "row 5: revol_util is 'nan', not a finite number, Class is 'late', not good or bad."
    )


def test_too_few_loans_and_only_good_ones_are_refused(tmp_path):
    """Nothing can be learned from a handful, nor from loans that all ended alike."""
    with pytest.raises(BadTable, match="has 20 loans"):
        read_table(write_table(tmp_path / "few.csv", invented_rows(20)))
    good = [{**row, "Class": "good"} for row in invented_rows(300)]
    with pytest.raises(BadTable, match="every loan is good"):
        read_table(write_table(tmp_path / "good.csv", good))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadTable, match="cannot be read"):
        read_table(binary)


def test_no_loan_is_both_learned_from_and_decided_on(loans):
    """The halves share nothing, hold everything, and are the same each time."""
    learned, decided = halves(loans)
    assert {loan.key for loan in learned} | {loan.key for loan in decided} == {loan.key for loan in loans}
    assert len(learned) + len(decided) == len(loans)
    assert [loan.key for loan in halves(loans)[0]] == [loan.key for loan in learned]


def test_arrivals_are_in_order_in_office_hours_and_their_labels_come_later(loans):
    """Every day of the span has loans, between nine and five, and each label is `LABEL_DAYS` after its loan."""
    spread = arrivals(loans, FIRST, 63)
    assert all(before.at <= after.at for before, after in pairwise(spread))
    assert {(one.at - dt.timedelta(hours=6)).date() for one in spread} == {
        FIRST + dt.timedelta(days=day) for day in range(63)
    }
    assert {one.label_at - one.at for one in spread} == {dt.timedelta(days=LABEL_DAYS)}
    # Chicago is five or six hours behind: nine to five there is 14 to 23 o'clock in UTC.
    assert all(14 <= one.at.hour <= 23 for one in spread)


def test_the_digest_is_of_the_content(loans):
    """The same loans give the same digest; one label more or less gives another."""
    assert digest_of(loans) == digest_of(list(loans))
    assert digest_of(loans) != digest_of(loans[1:])
