"""From a chart's data to a picture, kept by the digest of the data, so that nothing is drawn twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pilotage.record.digests import digest_of
from pilotage.reports.charts.palette import PALETTES, Palette, config
from pilotage.reports.charts.plots import BOXES, Box, Plot

KEPT = 128
PNG_SCALE = 2.0
VEGA_LITE = "6.4"

Draw = Callable[[Any, Palette, Box], Plot]


class Drawings:
    """Draws charts and keeps the newest of them. Safe to use from several threads; one draws at a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, data: object, draw: Draw, *, theme: str, size: str, form: str) -> bytes:
        """The picture as `svg` or `png`."""
        key = (digest_of(data), draw.__name__, theme, size, form)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = _picture(draw(data, PALETTES[theme], BOXES[size]), theme, form)
                self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found


def specification(plot: Plot, theme: str) -> dict[str, Any]:
    """The chart as Vega-Lite, with the plot area exactly where the box says it is."""
    box = plot.box
    spec: dict[str, Any] = plot.chart.properties(width=box.inner_width, height=box.inner_height).to_dict()
    spec["config"] = config(PALETTES[theme])
    spec["autosize"] = {"type": "none"}
    spec["padding"] = {"left": box.left, "right": box.right, "top": box.top, "bottom": box.bottom}
    return spec


def _picture(plot: Plot, theme: str, form: str) -> bytes:
    import vl_convert  # noqa: PLC0415 - only charts need it

    spec = specification(plot, theme)
    # Nothing is ever fetched: the data are in the specification.
    if form == "png":
        spec["background"] = PALETTES[theme].surface
        png: bytes = vl_convert.vegalite_to_png(
            spec, vl_version=VEGA_LITE, scale=PNG_SCALE, allowed_base_urls=[], show_warnings=False
        )
        return png
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[], show_warnings=False)
    return svg.encode()
