"""The referral's two arms. The incumbent looks up how often loans of the lender's grade went bad; the candidate is a
plain logistic regression on the applicant's fields, without grade and interest rate. Both are pure functions.
"""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from pilotage.demo.credit.economics import REFER_FROM
from pilotage.demo.credit.loans import NUMBERS, Application

# Sums of money lie over four powers of ten, and a regression is led by the largest; their logarithms do not.
MONEY = frozenset({"funded_amnt", "annual_inc", "total_bal_il", "total_il_high_credit_limit", "delinq_amnt"})


def features(application: Application, levels: dict[str, tuple[str, ...]]) -> list[float]:
    """An application as numbers: sums of money by their logarithm, and one for each level of a word but its first."""
    numbers, words = application["numbers"], application["words"]
    values = [math.log1p(max(0.0, numbers[name])) if name in MONEY else numbers[name] for name in NUMBERS]
    return values + [float(words[name] == level) for name, known in levels.items() for level in known[1:]]


class Regression(Struct, frozen=True, kw_only=True):
    """A logistic regression as it was learned: standardised features, their weights, and what words it knew."""

    levels: dict[str, tuple[str, ...]]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def risk(self, application: Application) -> float:
        """How likely the loan goes bad."""
        values = features(application, self.levels)
        rows = zip(values, self.means, self.scales, self.weights, strict=True)
        logit = self.intercept + sum((value - mean) / scale * weight for value, mean, scale, weight in rows)
        return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


class Arms(Struct, frozen=True, kw_only=True):
    """Both arms, learned from the same loans. An answer is `{"refer": bool, "risk": float}`.

    `bad_by_grade` holds the share of bad loans of each grade, drawn towards `base` where it rests on few.
    """

    base: float
    bad_by_grade: dict[str, float]
    regression: Regression
    refer_from: float = REFER_FROM

    def incumbent(self, application: Application) -> dict[str, Any]:
        """The answer from the grade's past."""
        return self._answer(self.bad_by_grade.get(application["grade"], self.base))

    def candidate(self, application: Application) -> dict[str, Any]:
        """The regression's answer."""
        return self._answer(self.regression.risk(application))

    def _answer(self, risk: float) -> dict[str, Any]:
        return {"refer": risk >= self.refer_from, "risk": round(risk, 6)}
