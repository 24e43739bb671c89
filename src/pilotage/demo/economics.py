"""What a wrong answer of the desk costs, and the metrics and promises that follow from it. Pure.

The two prices are set by argument, before any model was tried; docs/demo.md gives the argument.
"""

from __future__ import annotations

from msgspec import Struct

from pilotage.demo.metrics import cost_of_wrong_answers, share_of_yes
from pilotage.playbook.metrics import Metric

MISSED_DELAY_USD = 400.0
FALSE_WARNING_USD = 100.0

FLOOR_SHARE = 0.05
TARGET_SHARE = 0.10
WARNING_RATE_LIMIT = 0.50


class Prices(Struct, frozen=True, kw_only=True):
    """The cost of one flight's wrong answer, in US dollars; a right answer costs nothing."""

    missed_delay_usd: float = MISSED_DELAY_USD
    false_warning_usd: float = FALSE_WARNING_USD

    @property
    def warn_from(self) -> float:
        """The risk from which a warning costs less than silence.

        A warning is expected to cost (1 - risk) x the false warning, silence risk x the missed delay; they are
        equal at false / (false + missed) (Elkan, The foundations of cost-sensitive learning, IJCAI 2001, eq. 2).
        """
        return self.false_warning_usd / (self.false_warning_usd + self.missed_delay_usd)

    def cost_usd(self, *, warn: bool, late: bool) -> float:
        """What this answer cost once the label is known."""
        if warn == late:
            return 0.0
        return self.missed_delay_usd if late else self.false_warning_usd


PRICES = Prices()


def cost_metric(baseline_usd: float) -> Metric:
    """The target metric: cost per flight. A failed execution counts as a missed delay."""
    return cost_of_wrong_answers(
        "cost_per_flight",
        "Cost of wrong answers per flight",
        answer="warn",
        missed_usd=MISSED_DELAY_USD,
        needless_usd=FALSE_WARNING_USD,
        # Two hours of notice, eleven in the air and the longest delay of the year: every label is in by then.
        window_hours=36.0,
        shift=baseline_usd,
    )


def warning_metric() -> Metric:
    """The guardrail on how often passengers are warned: who is warned of everything stops reading."""
    return share_of_yes("warning_rate", "Flights with a warning", answer="warn")
