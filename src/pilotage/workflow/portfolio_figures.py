"""The portfolio of a workspace in figures, worked out whole."""

from __future__ import annotations

from pilotage.playbook.loading import load
from pilotage.workflow.portfolio_report import PortfolioFigures, figures_of, portfolio_figures
from pilotage.workflow.workspace import Workspace

STANDARD = "standard"


def figures_now(workspace: Workspace) -> PortfolioFigures:
    """The portfolio as the workspace stands; phases are called as in the standard cadence."""
    now = workspace.clock.now()
    each = [figures_of(judgement, now) for judgement in workspace.desk.judge_all()]
    return portfolio_figures(each, load(STANDARD).phases)
