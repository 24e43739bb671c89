"""The figures of docs/demo.md about the credit referral: `python bench/credit.py [TABLE]`; fetched without one."""

from __future__ import annotations

import sys
from pathlib import Path

from pilotage.demo.credit.fetching import fetched_table
from pilotage.demo.credit.learning import Compared, compare, cross_validated, learn, learning_curve
from pilotage.demo.credit.loans import halves, read_table


def said(title: str, found: Compared) -> None:
    """One line of figures."""
    print(
        f"{title}: {found.loans:,} loans; AUC {found.incumbent_auc:.3f}, {found.candidate_auc:.3f}; "
        f"cost {found.incumbent_usd:.2f}, {found.candidate_usd:.2f} USD; saved {found.saved:.1%} "
        f"(± {found.saved_error:.1%}); referred {found.incumbent_referred:.1%}, {found.candidate_referred:.1%}; "
        f"deviation {found.deviation_usd:.0f} USD"
    )


def main() -> None:
    """Grade first, regression second, in each pair of figures."""
    loans = read_table(Path(sys.argv[1]) if len(sys.argv) > 1 else fetched_table(print))
    learned_from, decided_on = halves(loans)
    arms = learn(learned_from)
    print(f"{len(loans):,} loans, {sum(loan.bad for loan in loans):,} of them bad")
    said("decided on", compare([(arms, loan) for loan in decided_on]))
    said("learned from, cross-validated", cross_validated(learned_from))
    said("all, cross-validated", cross_validated(loans))
    for examples, found in learning_curve(learned_from):
        said(f"learned from {examples:,}", found)


if __name__ == "__main__":
    main()
