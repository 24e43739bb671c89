from __future__ import annotations

import numpy as np
import pytest

from pilotage.evidence.discovery import adjusted


def test_adjusted_p_values_agree_with_an_independent_implementation():
    """Step-up of Benjamini and Hochberg, and of Benjamini and Yekutieli, as scipy has them."""
    stats = pytest.importorskip("scipy.stats")
    p = np.random.default_rng(5).uniform(0.0, 1.0, 25) ** 3
    assert adjusted(list(p), dependent=False) == pytest.approx(stats.false_discovery_control(p, method="bh"))
    assert adjusted(list(p), dependent=True) == pytest.approx(stats.false_discovery_control(p, method="by"))


def test_no_tests_give_no_findings():
    """Nothing in, nothing out."""
    assert adjusted([], dependent=True) == ()
