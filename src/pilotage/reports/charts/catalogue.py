"""Every kind of chart in one place: the type of its data, how it is drawn, and how large the picture is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.reports.charts.arrival import ArrivalData, arrival_box, arrival_plot
from pilotage.reports.charts.chance import ChanceData, chance_box, chance_plot
from pilotage.reports.charts.daily import DailyData, daily_plot
from pilotage.reports.charts.distribution import DistributionData, distribution_box, distribution_plot
from pilotage.reports.charts.drifting import DriftData, drift_box, drift_plot
from pilotage.reports.charts.fan import FanData, fan_plot
from pilotage.reports.charts.forest import ForestData, forest_box, forest_plot
from pilotage.reports.charts.outcomes import (
    DifferencesData,
    OutcomesData,
    differences_plot,
    outcomes_box,
    outcomes_plot,
)
from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.paying import PayingData, paying_box, paying_plot
from pilotage.reports.charts.plots import BOXES, Box, Plot
from pilotage.reports.charts.roadmap import RoadmapData, roadmap_box, roadmap_plot
from pilotage.reports.charts.scores import ScoresData, scores_box, scores_plot
from pilotage.reports.charts.target import TargetData, target_plot

ChartData = (
    TargetData
    | DailyData
    | OutcomesData
    | DifferencesData
    | ForestData
    | DistributionData
    | ArrivalData
    | DriftData
    | FanData
    | ChanceData
    | PayingData
    | RoadmapData
    | ScoresData
)


def _as_given(_data: Any, box: Box) -> Box:  # noqa: ANN401 - one of the data types
    return box


class Kind(Struct, frozen=True):
    """How data of one type are drawn. The data have `points`, one Struct a row of the CSV, and a `title`."""

    plot: Callable[[Any, Palette, Box], Plot]
    box: Callable[[Any, Box], Box] = _as_given


KINDS: dict[type, Kind] = {
    TargetData: Kind(target_plot),
    DailyData: Kind(daily_plot),
    OutcomesData: Kind(outcomes_plot, outcomes_box),
    DifferencesData: Kind(differences_plot),
    ForestData: Kind(forest_plot, forest_box),
    DistributionData: Kind(distribution_plot, distribution_box),
    ArrivalData: Kind(arrival_plot, arrival_box),
    DriftData: Kind(drift_plot, drift_box),
    FanData: Kind(fan_plot),
    ChanceData: Kind(chance_plot, chance_box),
    PayingData: Kind(paying_plot, paying_box),
    RoadmapData: Kind(roadmap_plot, roadmap_box),
    ScoresData: Kind(scores_plot, scores_box),
}


def box_of(data: ChartData, size: str) -> Box:
    """The picture that data are drawn into. `size`: wide or narrow."""
    return KINDS[type(data)].box(data, BOXES[size])


def plot_of(data: ChartData, palette: Palette, size: str) -> Plot:
    """Data as a chart in its picture."""
    return KINDS[type(data)].plot(data, palette, box_of(data, size))
