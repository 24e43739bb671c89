"""What the server counts of itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4"
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meters:
    """Every meter of one server, in a registry of its own. Safe to use from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("pilotage_calls_ingested", "Calls stored for the first time", registry=self.registry)
        self.outcomes = Counter(
            "pilotage_outcomes_ingested", "Outcomes stored for the first time", registry=self.registry
        )
        self.duplicates = Counter(
            "pilotage_duplicates", "Calls and outcomes that were stored before", ["what"], registry=self.registry
        )
        self.batches = Counter(
            "pilotage_batches", "Batches answered, by what became of them", ["what", "result"], registry=self.registry
        )
        self.ingestion = Histogram(
            "pilotage_ingestion_seconds", "Time to store a batch durably", buckets=SECONDS, registry=self.registry
        )
        self.commands = Counter(
            "pilotage_commands", "Commands by name and result", ["command", "result"], registry=self.registry
        )
        self.judging = Histogram(
            "pilotage_judging_seconds",
            "Time to judge a workload for its lease",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.pushes = Counter(
            "pilotage_lease_pushes", "Leases published to connected runtimes", ["why"], registry=self.registry
        )
        self.off_delay = Histogram(
            "pilotage_off_seconds",
            "Time from seeing a kill to its published lease",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.runtimes = Gauge("pilotage_runtimes_connected", "Lease streams that are open", registry=self.registry)
        self.position = Gauge("pilotage_ledger_position", "Newest position of the ledger seen", registry=self.registry)
        self.failures = Counter(
            "pilotage_background_failures", "Failures of background work, by task", ["task"], registry=self.registry
        )

    def text(self) -> bytes:
        """Every meter in the text format of Prometheus."""
        return generate_latest(self.registry)
