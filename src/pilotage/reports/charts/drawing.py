"""From a chart's data to a picture, kept by the digest of the data, so that nothing is drawn twice."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pilotage.record.digests import digest_of
from pilotage.reports.charts.bundle import VEGA_LITE
from pilotage.reports.charts.catalogue import ChartData, plot_of
from pilotage.reports.charts.palette import PALETTES, config

KEPT = 256
PNG_SCALE = 2.0


class Drawings:
    """Draws charts and keeps the newest of them. Safe to use from several threads; one draws at a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, data: ChartData, *, theme: str, size: str, form: str) -> bytes:
        """The picture as `svg` or `png`, or its specification as `json`: all three are of the same one."""
        digest = (type(data).__name__, digest_of(data), theme, size)
        with self._lock:
            text = self._keep((*digest, "json"), lambda: _text(specification(data, theme, size)))
            return text if form == "json" else self._keep((*digest, form), lambda: _picture(text, theme, form))

    def _keep(self, key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found


def specification(data: ChartData, theme: str, size: str) -> dict[str, Any]:
    """The chart as Vega-Lite, with its data inside and the plot area exactly where the box says it is."""
    plot = plot_of(data, PALETTES[theme], size)
    box = plot.box
    sized = plot.chart.properties(width=box.inner_width, height=box.inner_height)
    # The tests hold every kind of chart against the schema; at run time that would take half of the drawing.
    spec: dict[str, Any] = sized.to_dict(validate=False)
    spec["description"] = data.title
    spec["config"] = config(PALETTES[theme])
    spec["autosize"] = {"type": "none"}
    spec["padding"] = {"left": box.left, "right": box.right, "top": box.top, "bottom": box.bottom}
    return spec


def _text(spec: dict[str, Any]) -> bytes:
    return json.dumps(spec, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _picture(text: bytes, theme: str, form: str) -> bytes:
    import vl_convert  # noqa: PLC0415 - only charts need it

    # Nothing is ever fetched: the data are in the specification.
    if form == "png":
        png: bytes = vl_convert.vegalite_to_png(
            json.loads(text) | {"background": PALETTES[theme].surface},
            vl_version=VEGA_LITE,
            scale=PNG_SCALE,
            allowed_base_urls=[],
            show_warnings=False,
        )
        return png
    svg: str = vl_convert.vegalite_to_svg(
        text.decode(), vl_version=VEGA_LITE, allowed_base_urls=[], show_warnings=False
    )
    return svg.encode()
