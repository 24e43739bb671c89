"""Boosted trees as flat tables that plain Python walks: one row costs microseconds, not the milliseconds of a
library that is made for many rows at once. Pure: no input or output.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

Node = tuple[int, float, int, int]


class Forest(Struct, frozen=True, kw_only=True):
    """A sum of trees. `baseline` and the `leaves` are log odds.

    A node is (feature, threshold, left, right): a row goes left where its value is at most the threshold. A child
    below zero is the leaf at its complement (~child); so is a root whose tree has no split. A missing value is
    written as plus and as minus infinity in two copies of the row, `width` features apart: a node that sends
    missing values right reads the first copy, one that sends them left the second, and no node has to ask.
    """

    baseline: float
    width: int
    roots: tuple[int, ...]
    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]

    def log_odds(self, row: Sequence[float]) -> float:
        """The sum over the trees for a row of `2 * width` values as `two_copies` writes it."""
        nodes, leaves, total = self.nodes, self.leaves, self.baseline
        for root in self.roots:
            at = root
            while at >= 0:
                feature, threshold, left, right = nodes[at]
                at = left if row[feature] <= threshold else right
            total += leaves[~at]
        return total

    def probability(self, row: Sequence[float]) -> float:
        """The probability of the positive class for such a row."""
        return 1.0 / (1.0 + math.exp(-self.log_odds(row)))


def two_copies(row: Sequence[float | None]) -> list[float]:
    """A row with gaps, written as `Forest` reads it."""
    first = [math.inf if value is None else value for value in row]
    second = [-math.inf if value is None else value for value in row]
    return first + second


def forest_of(classifier: Any) -> Forest:  # noqa: ANN401 - scikit-learn ships no types
    """The trees of a fitted binary `HistGradientBoostingClassifier` without categorical features.

    Raises:
        ValueError: it is another kind of classifier.
    """
    # scikit-learn has no public export of these trees; a test compares each probability with its own.
    rounds = classifier._predictors  # noqa: SLF001 - as said above
    baseline = classifier._baseline_prediction  # noqa: SLF001 - as said above
    if baseline.size != 1 or any(len(trees) != 1 for trees in rounds):
        raise ValueError("Only a classifier with two classes has one tree a round")
    nodes: list[Node] = []
    leaves: list[float] = []
    width = int(classifier.n_features_in_)
    roots = tuple(_flatten(trees[0].nodes, 0, width, nodes, leaves) for trees in rounds)
    return Forest(baseline=float(baseline.item()), width=width, roots=roots, nodes=tuple(nodes), leaves=tuple(leaves))


def _flatten(table: Any, at: int, width: int, nodes: list[Node], leaves: list[float]) -> int:  # noqa: ANN401 - a structured array
    node = table[at]
    if node["is_leaf"]:
        leaves.append(float(node["value"]))
        return ~(len(leaves) - 1)
    if node["is_categorical"]:
        raise ValueError("Categorical splits have no threshold")
    place = len(nodes)
    nodes.append((0, 0.0, 0, 0))
    left = _flatten(table, int(node["left"]), width, nodes, leaves)
    right = _flatten(table, int(node["right"]), width, nodes, leaves)
    feature = int(node["feature_idx"]) + (width if node["missing_go_to_left"] else 0)
    # A split of present from missing values has an infinite threshold, which plus infinity must not pass.
    threshold = min(float(node["num_threshold"]), sys.float_info.max)
    nodes[place] = (feature, threshold, left, right)
    return place
