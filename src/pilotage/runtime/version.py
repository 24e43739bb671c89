"""The SDK's version, as announced to the server."""

from __future__ import annotations

SDK_VERSION = "0.1.0"
