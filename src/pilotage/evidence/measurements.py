"""What the evidence says of one workload at one time: the gates' and the pages' input. Pure types.

Absence is `None` with a reason, never a plausible number.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from pilotage.evidence.sample_ratio import SampleRatio

AnswerKind = Literal["reached", "below_floor", "harmed", "futile", "keep_running", "not_estimable"]


class LeftOut(Struct, frozen=True, kw_only=True):
    """A stage (or a month's stage) that has calls and is not in a figure, and why."""

    stage: str
    reason: str


class Estimate(Struct, frozen=True, kw_only=True, tag="estimate"):
    """A figure with its interval. `calls` and `units` are what it rests on; `method` names the estimator. `left_out`
    are the stages with calls that a figure over several of them is without.
    """

    value: float
    low: float
    high: float
    calls: int
    units: int
    method: str
    level: float = 0.95
    left_out: tuple[LeftOut, ...] = ()


class NotEstimable(Struct, frozen=True, kw_only=True, tag="not_estimable"):
    """Why there is no figure, and what is missing."""

    reason: str
    calls: int = 0
    units: int = 0


Estimated = Estimate | NotEstimable


class Check(Struct, frozen=True, kw_only=True):
    """One condition that the figures rest on: whether it `held`, with its figure, the bound it is held to, the
    p-value of the test where there is one, and what it means.
    """

    id: str
    title: str
    verdict: Literal["held", "violated", "not_estimable"]
    meaning: str
    reason: str = ""
    figure: float | None = None
    bound: float | None = None
    p: float | None = None


class Imputed(Struct, frozen=True, kw_only=True):
    """The target with every missing value put in at its worst for the candidate. `survives` says whether the target
    is shown to be exceeded even so; None where it is not shown to be exceeded at all, or not known.
    """

    due: int
    missing: int
    estimate: Estimated
    survives: bool | None
    reason: str


class Look(Struct, frozen=True, kw_only=True):
    """One planned look at the target: its date, the information fraction, the statistic and the boundaries.

    `band_low` and `band_high` are the always-valid band around the estimate; None where it is too early for one.
    """

    day: dt.date
    information: float
    estimate: Estimated
    z: float | None = None
    efficacy: float | None = None
    futility: float | None = None
    band_low: float | None = None
    band_high: float | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """The sequential answer on the target metric. `estimate` is under the target's form."""

    metric: str
    form: str
    answer: AnswerKind
    reason: str
    estimate: Estimated
    incumbent: Estimated
    candidate: Estimated
    looks: tuple[Look, ...] = ()
    kill_evidence: float | None = None
    projected: dt.date | None = None
    attempt: int = 0
    alpha: float = 0.05
    imputed: Imputed | None = None


class GuardrailResult(Struct, frozen=True, kw_only=True):
    """One guardrail: `within` its margin, `breached`, `undecided` or `not_estimable`.

    `difference` is oriented: positive is better. `survives`: whether one that is within stays so with every missing
    label put in at its worst; None where none is missing, or it is not within. `calls_needed`: how many calls show
    the margin to hold with the target's power shared among the guardrails, if both arms are alike; None where it is
    not open, or a limit.
    """

    metric: str
    title: str
    status: Literal["within", "breached", "undecided", "not_estimable"]
    reason: str
    margin: float
    limit: float | None
    incumbent: Estimated
    candidate: Estimated
    difference: Estimated
    stage: str = ""
    survives: bool | None = None
    calls_needed: float | None = None


class FieldCoverage(Struct, frozen=True, kw_only=True):
    """The share of calls (or labels due) on which one field is present."""

    field: str
    share: float | None
    present: int
    calls: int
    required: float


class Traffic(Struct, frozen=True, kw_only=True):
    """Counts and first times. Only calls whose source counts are in `counted`."""

    calls: int = 0
    by_source: dict[str, int] = {}
    counted: int = 0
    paired: int = 0
    candidate_runs: int = 0
    candidate_errors: int = 0
    candidate_served: int = 0
    suggested: int = 0
    shadow_dropped: int = 0
    labelled: int = 0
    labels_due: int = 0
    feedback: int = 0
    first_call_at: dt.datetime | None = None
    last_call_at: dt.datetime | None = None
    first_candidate_at: dt.datetime | None = None
    first_feedback_at: dt.datetime | None = None


class LabelBases(Struct, frozen=True, kw_only=True):
    """Calls of one stage with a label, by what it is known from. `after_suggestion` are anchored: given after people
    saw the candidate's answer, or not said to be independent where they did. `own_answer`: calls for which one arm's
    own answer was given for a label; it is not taken, so they may lack one.
    """

    stage: str
    independent: int = 0
    after_suggestion: int = 0
    unsaid: int = 0
    own_answer: int = 0


class ShadowHealth(Struct, frozen=True, kw_only=True):
    """Whether shadowing harmed anybody: pairs, days, what the caller waited for it, what leaked, what was dropped."""

    pairs: int
    days: int
    added_us_mean: float | None
    added_us_p99: float | None
    leaked_errors: int
    dropped_share: float | None


class Baseline(Struct, frozen=True, kw_only=True):
    """The incumbent as measured before the candidate first ran."""

    metric: str
    estimate: Estimated
    days: int
    calls: int
    first_day: dt.date | None = None
    last_day: dt.date | None = None


class Reachability(Struct, frozen=True, kw_only=True):
    """Whether the pilot can answer in time: planned from the charter alone."""

    calls_available: float
    calls_needed: float | None
    weeks_needed: float | None
    probability_at_expected: float | None
    probability_at_target: float | None
    reason: str


class Asking(Struct, frozen=True, kw_only=True):
    """Something that users said about a call in words, or flagged, and when first: it asks for a reply."""

    call: str
    at: dt.datetime


class FeedbackSeen(Struct, frozen=True, kw_only=True):
    """What users told of answers since `since`: on how many calls, what they did, how they rated, what asks for reply.

    `rating` is the mean of all ratings, None without one. `newest_at` is when the last thing was told. `complete` says
    whether all of it was read: of more than the store gives at once, only the newest is.
    """

    since: dt.datetime
    calls: int = 0
    actions: dict[str, int] = {}
    rated: int = 0
    rating: float | None = None
    judged: int = 0
    edge_cases: int = 0
    newest_at: dt.datetime | None = None
    asking: tuple[Asking, ...] = ()
    complete: bool = True


class ProductionCase(Struct, frozen=True, kw_only=True, tag="production_case"):
    """What production is estimated to cost and to bring over `years`, in US dollars, with the unit cost as measured.

    `low` to `high` is what the estimate says that a call's model costs, None where that was measured. `pays` is the
    share of the simulation's draws in which value exceeds cost; `at` says which result the value was counted at.
    """

    years: int
    once_usd: float
    first_year_usd: float
    cost_usd: float
    value_usd: float
    cost_low_usd: float
    cost_high_usd: float
    pays: float
    draws: int
    at: Literal["measured", "expected"]
    measured_usd_a_call: Estimated
    low_usd_a_call: float | None
    high_usd_a_call: float | None


class LiveBenefit(Struct, frozen=True, kw_only=True, tag="live_benefit"):
    """What the candidate brings while it serves, under the target's form, at the step that was reached last.
    `concurrent`: some units stayed with the incumbent; otherwise `incumbent` is the frozen baseline.
    """

    stage: str
    concurrent: bool
    incumbent: Estimated
    candidate: Estimated
    comparison: Estimated


class MonthSpent(Struct, frozen=True, kw_only=True):
    """What the candidate's calls of a month cost while it served, in US dollars; None where too few of them said so."""

    month: str
    calls: int
    failed: int
    reported: int
    usd: float | None


class QuarterBenefit(Struct, frozen=True, kw_only=True):
    """What the candidate brought in a calendar quarter, from `first` (the day it went live, if that is later) until
    before `until`, under the target's form. `complete`: it is over, and all that can be learned of its calls has come.

    All of it is of the same months and stages, those that the comparison rests on: `months` names them, `held_back` is
    the share of their units that stayed with the incumbent; where it is None, `incumbent` is the frozen baseline and
    nothing is `concurrent`. `sums` are their totals by month, stage and arm. What else could have been compared and
    gave no figure is in the comparison's `left_out`.
    """

    quarter: str
    first: dt.date
    until: dt.date
    complete: bool
    months: tuple[str, ...]
    concurrent: bool
    held_back: float | None
    incumbent: Estimated
    candidate: Estimated
    comparison: Estimated
    sums: dict[str, dict[str, float]]


class AdoptionSeen(Struct, frozen=True, kw_only=True):
    """What people did with the running release's answers, on the calls made from `since` until before `until`.

    `calls` were to be answered for `units`; of `actions` it was told what was done. `use` is the share of units that
    took at least one answer, the other two are shares of the actions. `sums` are the totals over units by metric, each
    unit once.
    """

    since: dt.datetime
    until: dt.datetime
    release: str
    sources: tuple[str, ...]
    calls: int
    units: int
    actions: int
    use: Estimated
    accepted: Estimated
    overridden: Estimated
    sums: dict[str, dict[str, float]]


class ServiceSeen(Struct, frozen=True, kw_only=True):
    """One objective of the service over the last `days`: how many of `calls` went badly, whether its error budget burns
    too fast now, and the `reason` where too few calls came to tell.
    """

    title: str
    share: float
    calls: int
    bad: int
    days: float
    firing: bool
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the share that is asked went well."""
        return not self.reason and self.bad <= self.calls * (1.0 - self.share)


class Measurements(Struct, frozen=True, kw_only=True):
    """Everything measured of one workload. A part that is None has not been measured. `spent` is what a call cost,
    in US dollars, that the running release answered while it served.
    """

    taken_at: dt.datetime
    traffic: Traffic = Traffic()
    coverage: tuple[FieldCoverage, ...] = ()
    baseline: tuple[Baseline, ...] = ()
    shadow: ShadowHealth | None = None
    reachability: Reachability | None = None
    answer: Answer | None = None
    guardrails: tuple[GuardrailResult, ...] = ()
    live_guardrails: tuple[GuardrailResult, ...] = ()
    sample_ratio: SampleRatio | None = None
    checks: tuple[Check, ...] = ()
    production: ProductionCase | NotEstimable | None = None
    benefit: LiveBenefit | NotEstimable | None = None
    spent: Estimated | None = None
    feedback: FeedbackSeen | None = None
    adoption: AdoptionSeen | None = None
    quarters: tuple[QuarterBenefit, ...] = ()
    service: tuple[ServiceSeen, ...] = ()
    spent_by_month: tuple[MonthSpent, ...] = ()
    label_bases: tuple[LabelBases, ...] = ()
