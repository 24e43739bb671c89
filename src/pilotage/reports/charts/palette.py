"""The charts' colours and letters, light and dark: those of the style sheet. Pure."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

TYPE = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'


class Palette(Struct, frozen=True, kw_only=True):
    """The colours of one theme."""

    surface: str
    line: str
    edge: str
    ink: str
    soft: str
    accent: str
    good: str
    bad: str


LIGHT = Palette(
    surface="#ffffff",
    line="#e3e8e6",
    edge="#7d8a85",
    ink="#13201d",
    soft="#45524e",
    accent="#0a5a68",
    good="#125c38",
    bad="#9c1f1a",
)
DARK = Palette(
    surface="#151d1b",
    line="#2b3734",
    edge="#74827c",
    ink="#e7eeeb",
    soft="#b4c1bc",
    accent="#74cbdb",
    good="#74d3a0",
    bad="#ff9f97",
)
PALETTES = {"light": LIGHT, "dark": DARK}


def config(palette: Palette) -> dict[str, Any]:
    """What every chart looks like. The ground is left clear, so that the page shows through."""
    return {
        "background": "transparent",
        # A picture has its words beside it and its figures in a table; a hundred unnamed marks would only be noise.
        "aria": False,
        "font": TYPE,
        "view": {"stroke": None},
        "axis": {
            "labelColor": palette.soft,
            "labelFontSize": 12,
            "titleColor": palette.soft,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": palette.line,
            "domainColor": palette.edge,
            "tickColor": palette.edge,
            "labelPadding": 6,
        },
        "legend": {"labelColor": palette.soft, "labelFontSize": 12, "labelLimit": 240, "symbolStrokeWidth": 1.5},
        "text": {"font": TYPE, "fontSize": 12},
    }
