"""The sample-ratio alarm: silent while units are assigned as the lease says, loud soon after they are not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pilotage.evidence.sample_ratio import PRIORS, Assigned, evidence_of, sample_ratio


def stage(candidate, incumbent, share=0.05, **fields):
    """Assigned units of one stage."""
    return Assigned(stage=f"live-{share * 100:g}/1", share=share, candidate=candidate, incumbent=incumbent, **fields)


def test_the_evidence_is_the_ratio_of_beta_binomial_to_binomial():
    """It agrees with scipy's beta-binomial over binomial, averaged over the priors."""
    ratios = [
        scipy.stats.betabinom.pmf(70, 1000, k * 0.05, k * 0.95) / scipy.stats.binom.pmf(70, 1000, 0.05) for k in PRIORS
    ]
    assert evidence_of(70, 930, 0.05) == pytest.approx(np.mean(ratios), rel=1e-9)


def test_its_mean_is_one_when_the_assignment_is_right():
    """Summed over all counts at their chances, the evidence is 1 exactly: the bet is fair."""
    k = np.arange(61)
    assert sum(
        scipy.stats.binom.pmf(k, 60, 0.25) * [evidence_of(int(c), 60 - int(c), 0.25) for c in k]
    ) == pytest.approx(1.0, rel=1e-9)


def test_no_unit_is_no_evidence_and_a_flood_stays_a_number():
    """Nothing seen is a 1, and even a hopeless imbalance can be written down."""
    assert evidence_of(0, 0, 0.5) == 1.0
    assert evidence_of(1_000_000, 0, 0.5) == pytest.approx(1e300)
    with pytest.raises(ValueError, match="leaves nothing to chance"):
        evidence_of(1, 1, 1.0)


def test_a_small_imbalance_of_many_units_is_an_alarm():
    """4.4 % where 5 % were promised, on 100,000 units, is an alarm that names the stage, the shares and the bound."""
    found = sample_ratio([stage(4400, 95_600)])
    assert found.alarm
    assert "live-5/1" in found.reason
    assert "5.00% of 100,000 units and got 4.40%" in found.reason
    assert not sample_ratio([stage(4990, 95_010)]).alarm


def test_stages_share_the_error_and_are_not_multiplied():
    """The k-th stage's evidence is divided by k(k+1); the greatest one counts."""
    one = sample_ratio([stage(60, 940)]).evidence
    both = sample_ratio([stage(60, 940), stage(60, 940)])
    assert [s.evidence for s in both.stages] == pytest.approx([one, one / 3.0])
    assert both.evidence == one


def test_what_cannot_be_judged_says_why():
    """Nothing live, everybody in one arm, or a stage of mixed cohorts: no evidence, with the reason."""
    assert sample_ratio([]).evidence is None
    everybody = sample_ratio([stage(10, 0, share=1.0)])
    assert everybody.evidence is None
    assert "one arm" in everybody.reason
    assert sample_ratio([stage(1, 1, reason="Mixed.")]).reason == "Mixed."
