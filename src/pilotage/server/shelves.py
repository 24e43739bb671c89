"""The portfolio as pages and interface show it: each workload in figures, kept between one page and the next."""

from __future__ import annotations

from msgspec import Struct

from pilotage.playbook.loading import load
from pilotage.server.kept import Kept
from pilotage.workflow.desk import Judgement
from pilotage.workflow.portfolio_figures import STANDARD
from pilotage.workflow.portfolio_report import PortfolioFigures, WorkloadFigures, figures_of, portfolio_figures
from pilotage.workflow.workspace import Workspace


class Shelf(Struct, frozen=True):
    """Every workload as judged for the overview, and all of them in figures, in the same order."""

    judgements: tuple[Judgement, ...]
    figures: PortfolioFigures


class Shelves:
    """The portfolio of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: Kept[WorkloadFigures] = Kept()

    def now(self) -> Shelf:
        """The portfolio; phases are called as in the standard cadence."""
        judgements = self._workspace.desk.judge_all()
        each = self._kept.of(judgements, self._workspace.clock, figures_of)
        return Shelf(judgements, portfolio_figures(each, load(STANDARD).phases))
