"""The portfolio of a workspace in figures, as pages, interface and terminal show it."""

from __future__ import annotations

from msgspec import Struct

from pilotage.playbook.loading import load
from pilotage.workflow.desk import Judgement
from pilotage.workflow.portfolio_report import PortfolioFigures, portfolio_figures
from pilotage.workflow.workspace import Workspace

STANDARD = "standard"


class Figured(Struct, frozen=True):
    """Every workload as judged for the overview, and all of them in figures, in the same order."""

    judgements: tuple[Judgement, ...]
    figures: PortfolioFigures


def figured(workspace: Workspace) -> Figured:
    """The portfolio as the workspace stands; phases are called as in the standard cadence."""
    judgements = workspace.desk.judge_all()
    return Figured(judgements, portfolio_figures(judgements, load(STANDARD).phases, workspace.clock.now()))
