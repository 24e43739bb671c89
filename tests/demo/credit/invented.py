"""An invented table of the loans' shape: nothing in it is a real loan, and it needs no network."""

from __future__ import annotations

import csv

import numpy as np

from pilotage.demo.credit.loans import GRADE, GRADES, LABEL, NUMBERS, WORDS

LEVELS = {
    "term": ("term_36", "term_60"),
    "verification_status": ("Not_Verified", "Source_Verified", "Verified"),
    "emp_length": ("emp_1", "emp_5", "emp_ge_10"),
}


def invented_rows(count, *, seed=7):
    """Loans whose end the grade knows well and the applicant's fields hardly, as in the real table."""
    chance = np.random.default_rng(seed)
    grades = sorted(GRADES)
    rows = []
    for number in range(1, count + 1):
        place = int(chance.integers(len(grades)))
        row = {"rownames": number, "int_rate": 6.0 + place / 2}
        row |= {name: round(float(chance.lognormal(3.0, 1.0)), 2) for name in NUMBERS}
        row |= {name: str(chance.choice(LEVELS[name])) for name in WORDS}
        bad = chance.random() < 0.01 + 0.11 * (place / len(grades)) ** 2 + 0.02 * (row["term"] == "term_60")
        rows.append({**row, "addr_state": "XX", GRADE: grades[place], LABEL: "bad" if bad else "good"})
    return rows


def write_table(path, rows):
    """The rows as an exported table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
