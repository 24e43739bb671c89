"""The table of loans: read, checked, put in an invented order, and cut into those to learn from and those to decide on.

The table holds no dates, so when an application arrives and when its label is known are invented. The loans, the
lender's grades and the labels are real.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from pilotage.demo.failing import NoData

TIME_ZONE = "America/Chicago"
LABEL_DAYS = 3
OPENS_AT_HOUR = 9
OPEN_MINUTES = 8 * 60
SEED = 2016
NUMBERS = (
    "funded_amnt",
    "annual_inc",
    "delinq_2yrs",
    "inq_last_6mths",
    "revol_util",
    "acc_now_delinq",
    "open_il_6m",
    "open_il_12m",
    "open_il_24m",
    "total_bal_il",
    "all_util",
    "inq_fi",
    "inq_last_12m",
    "delinq_amnt",
    "num_il_tl",
    "total_il_high_credit_limit",
)
WORDS = ("term", "verification_status", "emp_length")
GRADE = "sub_grade"
LABEL = "Class"
LABELS = {"good": False, "bad": True}
GRADES = frozenset(f"{letter}{step}" for letter in "ABCDEFG" for step in range(1, 6))
FEWEST = 200


class BadTable(NoData):
    """The file is not the table of loans; the message says all that is wrong with it."""


class Application(TypedDict):
    """What both arms are given: the applicant's fields, and the lender's own grade, which only the incumbent reads.

    The state of residence is left out, as where somebody lives should not decide, and so is the interest rate, as
    it is the grade under another name.
    """

    numbers: dict[str, float]
    words: dict[str, str]
    grade: str


class Loan(Struct, frozen=True, kw_only=True):
    """A loan as the table has it: its row's number, the application, and whether it went bad."""

    key: str
    application: Application
    bad: bool


class Arrival(Struct, frozen=True, kw_only=True):
    """A loan with its invented times."""

    loan: Loan
    at: dt.datetime
    label_at: dt.datetime


def read_table(path: Path) -> list[Loan]:
    """Every loan of an exported table.

    Raises:
        BadTable: columns are missing, values are not what they should be, or there are too few rows.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BadTable(f"{path} cannot be read as a table of loans: {error}") from error
    missing = [name for name in (*NUMBERS, *WORDS, GRADE, LABEL) if rows and name not in rows[0]]
    if missing:
        raise BadTable(f"{path} is not the table of loans: it has no column {', '.join(missing)}.")
    if len(rows) < FEWEST:
        raise BadTable(f"{path} has {len(rows)} loans; the story needs {FEWEST} or more to learn from and to judge.")
    loans, wrong = [], []
    for number, row in enumerate(rows, start=1):
        found = _loan(number, row)
        if isinstance(found, str):
            wrong.append(found)
        else:
            loans.append(found)
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""  # noqa: PLR2004 - enough to see what is wrong
        raise BadTable(f"{path}: {'; '.join(wrong[:5])}{more}.")
    if len({loan.bad for loan in loans}) == 1:
        raise BadTable(f"{path}: every loan is {'bad' if loans[0].bad else 'good'}; nothing can be learned from that.")
    return loans


def digest_of(loans: Sequence[Loan]) -> str:
    """The digest of a table's content, whatever its file looks like."""
    digest = hashlib.sha256()
    for loan in loans:
        digest.update(repr((loan.key, loan.application, loan.bad)).encode())
    return digest.hexdigest()


def sample_of(loans: Sequence[Loan]) -> bytes:
    """Loans as a table to hand in: what both arms are given of each, and how it ended."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([*loans[0].application["numbers"], *loans[0].application["words"], "grade", LABEL])
    for loan in loans:
        given = loan.application
        table.writerow(
            [*given["numbers"].values(), *given["words"].values(), given["grade"], "yes" if loan.bad else "no"]
        )
    return text.getvalue().encode()


def in_invented_order(loans: Sequence[Loan]) -> list[Loan]:
    """The loans shuffled, the same way each time."""
    return [loans[place] for place in np.random.default_rng(SEED).permutation(len(loans))]


def halves(loans: Sequence[Loan]) -> tuple[list[Loan], list[Loan]]:
    """The loans to learn from, and those that are decided on afterwards."""
    ordered = in_invented_order(loans)
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]


def arrivals(loans: Sequence[Loan], first_day: dt.date, days: int) -> list[Arrival]:
    """The loans spread evenly over so many days, in office hours; each label comes `LABEL_DAYS` later. Invented."""
    zone = ZoneInfo(TIME_ZONE)
    spread = []
    for number, loan in enumerate(loans):
        day, within = divmod(number * days, len(loans))
        opens = dt.datetime.combine(first_day + dt.timedelta(days=day), dt.time(OPENS_AT_HOUR), tzinfo=zone)
        at = opens.astimezone(dt.UTC) + dt.timedelta(minutes=OPEN_MINUTES * within / len(loans))
        spread.append(Arrival(loan=loan, at=at, label_at=at + dt.timedelta(days=LABEL_DAYS)))
    return spread


def _loan(number: int, row: dict[str, str]) -> Loan | str:
    """The loan of a row, or what is wrong with it."""
    wrong = []
    numbers = {}
    for name in NUMBERS:
        try:
            numbers[name] = float(row[name])
        except (TypeError, ValueError):
            wrong.append(f"{name} is {row[name]!r}, not a number")
        else:
            if not np.isfinite(numbers[name]):
                wrong.append(f"{name} is {row[name]!r}, not a finite number")
    if row[GRADE] not in GRADES:
        wrong.append(f"{GRADE} is {row[GRADE]!r}, not A1 to G5")
    if row[LABEL] not in LABELS:
        wrong.append(f"{LABEL} is {row[LABEL]!r}, not good or bad")
    if wrong:
        return f"row {number}: {', '.join(wrong)}"
    words = {name: row[name] for name in WORDS}
    application = Application(numbers=numbers, words=words, grade=row[GRADE])
    return Loan(key=f"loan-{number}", application=application, bad=LABELS[row[LABEL]])
