"""Learning both arms from past loans, and what loans that were not learned from say of them.

The same loans always give the same arms: folds and order are fixed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from pilotage.demo.credit.arms import Arms, Regression, features
from pilotage.demo.credit.economics import cost_usd
from pilotage.demo.credit.loans import WORDS, Loan

FOLDS = 5
GRADE_WEIGHT = 30.0
CURVE_SHARES = (0.25, 0.5, 0.75, 1.0)


class Compared(Struct, frozen=True, kw_only=True):
    """Both arms on the same loans, none of which they learned from. Costs are US dollars per application."""

    loans: int
    incumbent_usd: float
    candidate_usd: float
    deviation_usd: float
    incumbent_auc: float
    candidate_auc: float
    incumbent_referred: float
    candidate_referred: float

    @property
    def saved(self) -> float:
        """The share of the incumbent's cost that the candidate saves; negative where it costs more."""
        return 1.0 - self.candidate_usd / self.incumbent_usd

    @property
    def saved_error(self) -> float:
        """The standard error of `saved`, with the incumbent's cost taken as known."""
        return float(self.deviation_usd / np.sqrt(self.loans) / self.incumbent_usd)


def learn(loans: Sequence[Loan]) -> Arms:
    """Both arms from these loans."""
    base = sum(loan.bad for loan in loans) / len(loans)
    of_grade = Counter(loan.application["grade"] for loan in loans)
    bad_of_grade = Counter(loan.application["grade"] for loan in loans if loan.bad)
    shares = {
        grade: (bad_of_grade[grade] + GRADE_WEIGHT * base) / (count + GRADE_WEIGHT)
        for grade, count in sorted(of_grade.items())
    }
    return Arms(base=base, bad_by_grade=shares, regression=learn_regression(loans))


def learn_regression(loans: Sequence[Loan]) -> Regression:
    """A plain logistic regression, with the library's own settings, on one thread: many would wait for each other over
    sums as small as these, and round otherwise on other machines.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second, and only learning needs it
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415 - same

    levels = {name: tuple(sorted({loan.application["words"][name] for loan in loans})) for name in WORDS}
    rows = np.array([features(loan.application, levels) for loan in loans], dtype=np.float64)
    means, scales = rows.mean(axis=0), rows.std(axis=0)
    # A feature that never changed says nothing, and would be divided by nothing.
    scales[scales == 0.0] = 1.0
    with threadpool_limits(limits=1):
        fitted = LogisticRegression(max_iter=2_000).fit((rows - means) / scales, [loan.bad for loan in loans])
    return Regression(
        levels=levels,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=tuple(fitted.coef_[0].tolist()),
        intercept=float(fitted.intercept_[0]),
    )


def compare(judged: Sequence[tuple[Arms, Loan]]) -> Compared:
    """Each loan by the arms beside it, which must not have learned from it."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - takes a second, and only judging needs it

    bad = np.array([loan.bad for _, loan in judged])
    answers = [(arms.incumbent(loan.application), arms.candidate(loan.application)) for arms, loan in judged]
    usd = np.array(
        [
            [cost_usd(refer=old["refer"], bad=is_bad), cost_usd(refer=new["refer"], bad=is_bad)]
            for (old, new), is_bad in zip(answers, bad.tolist(), strict=True)
        ]
    )
    return Compared(
        loans=len(judged),
        incumbent_usd=float(usd[:, 0].mean()),
        candidate_usd=float(usd[:, 1].mean()),
        deviation_usd=float((usd[:, 1] - usd[:, 0]).std()),
        incumbent_auc=float(roc_auc_score(bad, [old["risk"] for old, _ in answers])),
        candidate_auc=float(roc_auc_score(bad, [new["risk"] for _, new in answers])),
        incumbent_referred=float(np.mean([old["refer"] for old, _ in answers])),
        candidate_referred=float(np.mean([new["refer"] for _, new in answers])),
    )


def cross_validated(loans: Sequence[Loan], share: float = 1.0) -> Compared:
    """Each fold judged by arms that learned from the others, or from the given share of them."""
    judged = []
    for fold in range(FOLDS):
        others = [loan for place, loan in enumerate(loans) if place % FOLDS != fold]
        arms = learn(others[: round(share * len(others))])
        judged += [(arms, loan) for loan in loans[fold::FOLDS]]
    return compare(judged)


def learning_curve(loans: Sequence[Loan]) -> list[tuple[int, Compared]]:
    """How many loans were learned from, and what that gave, on the same loans each time."""
    kept = len(loans) - len(loans) // FOLDS
    return [(round(share * kept), cross_validated(loans, share)) for share in CURVE_SHARES]
