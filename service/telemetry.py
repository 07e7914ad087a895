"""Prometheus metrics."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

from service.errors import UnmaskError
from service.exposition import Exposition
from service.media.process import Loss
from service.readings import Readings
from service.verdict.findings import Report, Verdict

Ending = Literal[
    "bad_request", "request_timeout", "request_header_fields_too_large", "unread", "pipelined"
]
"""Why a connection was ended that no request tells of: the first three are problems' codes."""

Stage = Literal["upload", "media", "queue", "inference", "report", "overlay"]
"""What a request passes through, and what its time is spent on."""

_UNSEEN: tuple[tuple[HTTPStatus | int, str], ...] = (
    (HTTPStatus.BAD_REQUEST, "bad_request"),
    (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "request_header_fields_too_large"),
    (HTTPStatus.NOT_FOUND, "not_found"),
    (HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"),
    (499, "none"),
)
"""How requests end that are no errors of ours: see `RequestMeter`."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SHARES = tuple(step / 10 for step in range(1, 11))


class Telemetry:
    """All metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.exposition = Exposition(registry)
        ProcessCollector(registry=registry)
        registry.register(Readings())
        self.requests = Counter(
            "unmask_requests_total",
            "Requests to /analyze by HTTP status, problem code and verdict; 'none' where there is "
            "no problem or no report. Code not_found: requests to paths that are not there; "
            "bad_request and the like: also to others that break off within their body.",
            ["status", "code", "verdict"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "unmask_request_seconds",
            "Time from a request's arrival to the end of its answer, by HTTP status.",
            ["status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "unmask_stage_seconds",
            "Time a request spends in each stage; media and overlay include waiting for a worker, "
            "queue and inference are of requests with a report.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue_crops = Gauge(
            "unmask_queue_crops", "Crops waiting for a device.", registry=registry
        )
        self.in_flight = Gauge(
            "unmask_in_flight_requests", "Requests to /analyze under way.", registry=registry
        )
        self.stage_in_flight = Gauge(
            "unmask_stage_in_flight_requests",
            "Requests in each stage now; inference includes waiting for a device.",
            ["stage"],
            registry=registry,
        )
        self.upload_bytes = Gauge(
            "unmask_upload_bytes", "Bytes of uploads in memory.", registry=registry
        )
        self.batch_size = Histogram(
            "unmask_batch_size",
            "Crops in each batch given to a device.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.refusals = Counter(
            "unmask_refusals_total",
            "Requests refused for lack of room, by reason.",
            ["reason"],
            registry=registry,
        )
        self.crops = Counter("unmask_crops_total", "Crops judged.", registry=registry)
        self.second_looks = Counter(
            "unmask_second_looks_total",
            "Crops not clearly real, judged again as their mirror image.",
            registry=registry,
        )
        self.worker_restarts = Counter(
            "unmask_worker_restarts_total",
            "Workers that had to be replaced, by pool and why they ended.",
            ["pool", "reason"],
            registry=registry,
        )
        self.workers = Gauge(
            "unmask_workers", "Workers that take work, by pool.", ["pool"], registry=registry
        )
        self.connections_ended = Counter(
            "unmask_connections_ended_total",
            "Connections ended before there was a request, or with its answer unread, by reason.",
            ["reason"],
            registry=registry,
        )
        self.fake_probability = Histogram(
            "unmask_fake_probability",
            "P(fake) of each report with a face, for drift.",
            buckets=_SHARES,
            registry=registry,
        )
        self.methods = Counter(
            "unmask_methods_total",
            "Reports judged manipulated, by method.",
            ["method"],
            registry=registry,
        )
        self.model_info = Gauge(
            "unmask_model_info",
            "The model in use; always 1.",
            ["name", "version", "sha256", "provider", "precision"],
            registry=registry,
        )
        self.build_info = Gauge(
            "unmask_build_info",
            "The service and what runs it; always 1.",
            ["version", "onnxruntime", "python"],
            registry=registry,
        )
        self.ready = Gauge("unmask_ready", "1 when /readyz says 200.", registry=registry)
        self.device_memory = Gauge(
            "unmask_device_memory_bytes",
            "Memory in use on each device; on the CPU that of this process.",
            ["device"],
            registry=registry,
        )
        self._begin()

    def _begin(self) -> None:
        """Show nought of what has not happened: a series that only the first event brings hides
        it from `rate()`."""
        for reason in ("capacity", "memory"):
            self.refusals.labels(reason)
        for reason in get_args(Loss):
            self.worker_restarts.labels("media", reason)
        self.worker_restarts.labels("inference", "died")
        for reason in get_args(Ending):
            self.connections_ended.labels(reason)
        kinds: list[type[UnmaskError]] = [UnmaskError, *UnmaskError.__subclasses__()]
        endings = [("200", "none", verdict) for verdict in get_args(Verdict)]
        endings += [(str(kind.status), kind.code, "none") for kind in kinds]
        endings += [(str(int(status)), code, "none") for status, code in _UNSEEN]
        for status, code, verdict in endings:
            self.requests.labels(status, code, verdict)
            self.request_seconds.labels(status)
        for stage in get_args(Stage):
            self.stage_seconds.labels(stage)
            # Who waits in the queue is counted under inference.
            if stage != "queue":
                self.stage_in_flight.labels(stage)

    @contextmanager
    def staying(self, stage: Stage) -> Iterator[None]:
        """Count a request as in a stage for as long as the block runs."""
        gauge = self.stage_in_flight.labels(stage)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    @contextmanager
    def passing(self, stage: Stage) -> Iterator[None]:
        """The same, and time it, however it ends."""
        begun = time.perf_counter()
        try:
            with self.staying(stage):
                yield
        finally:
            self.stage_seconds.labels(stage).observe(time.perf_counter() - begun)

    def batch_done(self, crops: int, second_looks: int) -> None:
        """A device has judged a batch, some of its crops twice."""
        self.batch_size.observe(crops)
        self.crops.inc(crops)
        self.second_looks.inc(second_looks)

    def worker_restarted(self) -> None:
        """A session died and is opened again."""
        self.worker_restarts.labels("inference", "died").inc()

    def media_worker_lost(self, reason: Loss) -> None:
        """A media worker ended, or had to be ended; another takes its place."""
        self.worker_restarts.labels("media", reason).inc()

    def connection_ended(self, reason: Ending) -> None:
        """A connection was ended by the service, and no request tells of it."""
        self.connections_ended.labels(reason).inc()

    def refused(self, reason: str) -> None:
        """A request found no room."""
        self.refusals.labels(reason).inc()

    def reported(self, report: Report) -> None:
        """A report is ready."""
        if report.fake_probability is not None:
            self.fake_probability.observe(report.fake_probability)
        if report.verdict == "manipulated":
            self.methods.labels(report.method.name).inc()

    def expect(self, methods: Iterable[str]) -> None:
        """Show the methods that reports may name before the first one does."""
        for method in (*methods, "unknown"):
            self.methods.labels(method)
