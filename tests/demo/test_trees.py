from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from pilotage.demo.trees import forest_of, two_copies


def _gappy(rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 6))
    values[random.random((rows, 6)) < [0.0, 0.1, 0.3, 0.6, 0.9, 0.0]] = np.nan
    return values


@pytest.fixture(scope="module")
def classifier():
    """A model fitted on rows with many gaps, some of which matter."""
    values = _gappy(4000, 1)
    known = np.nan_to_num(values)
    late = known[:, 0] - known[:, 1] + 2 * np.isnan(values[:, 3]) - np.isnan(values[:, 4]) * known[:, 2] > 0.8
    return HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, early_stopping=False).fit(values, late)


def _row(values: np.ndarray) -> list[float]:
    return two_copies([None if np.isnan(value) else float(value) for value in values])


def test_walking_the_trees_gives_scikit_learn_s_probabilities(classifier):
    """On thousands of rows with gaps, plain Python and the library agree to 1e-12."""
    forest, rows = forest_of(classifier), _gappy(5000, 2)
    expected = classifier.predict_proba(rows)[:, 1]
    assert np.abs([forest.probability(_row(row)) for row in rows] - expected).max() < 1e-12


def test_a_split_of_present_from_missing_is_kept(classifier):
    """Some split asks only whether a value is there; a missing one does not pass as a very large one."""
    assert any(threshold == sys.float_info.max for _, threshold, _, _ in forest_of(classifier).nodes)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.floats(-1e300, 1e300), min_size=6, max_size=6))
def test_any_row_with_any_gaps_agrees(classifier, row):
    """Whatever is missing and however extreme the rest, the probability is the library's."""
    values = np.array([row], dtype=np.float64)
    expected = classifier.predict_proba(values)[0, 1]
    assert forest_of(classifier).probability(two_copies(row)) == pytest.approx(expected, abs=1e-12)


def test_a_tree_without_a_split_is_its_leaf():
    """Where the library finds nothing to split on, the forest is its baseline."""
    values, late = np.zeros((100, 2)), np.arange(100) < 30
    classifier = HistGradientBoostingClassifier(max_iter=2, early_stopping=False).fit(values, late)
    assert forest_of(classifier).probability(two_copies([0.0, 0.0])) == pytest.approx(0.3, abs=1e-9)


def test_other_models_are_refused():
    """A classifier of three classes has several trees a round, which a sum of log odds cannot hold."""
    values = _gappy(300, 3)
    classifier = HistGradientBoostingClassifier(max_iter=2, early_stopping=False).fit(values, np.arange(300) % 3)
    with pytest.raises(ValueError, match="two classes"):
        forest_of(classifier)
    categorical = HistGradientBoostingRegressor(max_iter=2, early_stopping=False, categorical_features=[0])
    categorical.fit(np.arange(300.0)[:, None] % 7, np.arange(300) % 7 % 2)
    with pytest.raises(ValueError, match="no threshold"):
        forest_of(categorical)
