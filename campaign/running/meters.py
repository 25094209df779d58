"""Figures of a worker for Prometheus; none of them names a client or a task."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from campaign.running.runner import Runner
from campaign.works import Works
from models.claims import queue_length
from models.settlements import Settlement
from models.workers import workers_alive

CLAIM_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
RECOGNISER: Mapping[str, str] = MappingProxyType(  # the fields of speech.load.Load
    {
        "threads": "Threads that recognise",
        "busy": "Threads at work now",
        "waiting": "Pieces of audio that wait for a thread",
        "share": "Share of all threads' time spent in the last 10 s",
        "lag_seconds": "Longest time from audio to its recognition in the last 10 s",
    }
)


class Meters:
    """The figures of one worker, each in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.attempts = Counter("huifang_attempts", "Attempts settled", ["outcome"], registry=self.registry)
        self.not_dialled = Counter(
            "huifang_not_dialled", "Claims given up before dialling", ["why"], registry=self.registry
        )
        self.claims = Histogram(
            "huifang_claim_seconds", "Time to claim due tasks", buckets=CLAIM_BUCKETS, registry=self.registry
        )
        self.calls = Gauge("huifang_calls", "Calls being prepared or made", registry=self.registry)
        self.draining = Gauge("huifang_draining", "1 while no new calls are begun", registry=self.registry)
        self.held = Gauge("huifang_lease_held", "1 while nobody can have given this worker up", registry=self.registry)
        self.queue = Gauge("huifang_queue_length", "Tasks due and waiting, all workers", registry=self.registry)
        self.workers = Gauge("huifang_workers", "Workers alive", registry=self.registry)
        self.recogniser = {
            name: Gauge(f"huifang_recogniser_{name}", words, registry=self.registry)
            for name, words in RECOGNISER.items()
        }

    def settled(self, settlement: Settlement) -> None:
        """Count an attempt that has come to its end."""
        self.attempts.labels(settlement.outcome).inc()

    def refused(self, why: str) -> None:
        """Count a claim that came to nothing; `why` is the name of the error."""
        self.not_dialled.labels(why).inc()

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """Time a claim."""
        began = time.perf_counter()
        yield
        self.claims.observe(time.perf_counter() - began)

    def text(self, works: Works, runner: Runner) -> bytes:
        """Everything in the text format; blocks: two figures are asked of the database."""
        self.calls.set(runner.busy)
        self.draining.set(runner.draining)
        self.held.set(works.lease is None or works.lease.held)
        for name, figure in asdict(works.ears.load()).items():
            self.recogniser[name].set(figure)
        with works.database.read() as session:
            self.queue.set(queue_length(session, works.clock.now()))
            self.workers.set(len(workers_alive(session)))
        return generate_latest(self.registry)
