"""The command line: one module per group of commands. Importing it loads nothing but the way in."""

from pilotage.cli.entry import main

__all__ = ["main"]
