"""Prometheus metrics and structured logs."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from service.verdict.findings import Report

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SHARES = tuple(step / 10 for step in range(1, 11))
# What every log record has; the rest came in by `extra` and belongs to the event.
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "color_message",
}


class Telemetry:
    """All metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "unmask_requests_total",
            "Requests to /analyze by HTTP status and verdict; 'none' where there is no report.",
            ["status", "verdict"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "unmask_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "unmask_stage_seconds",
            "Time a request spends in each stage; media and overlay include waiting for a worker.",
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
            "Workers that died and were replaced, by pool.",
            ["pool"],
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
        self.ready = Gauge("unmask_ready", "1 when /readyz says 200.", registry=registry)
        self.device_memory = Gauge(
            "unmask_device_memory_bytes",
            "Memory in use on each device; on the CPU that of this process.",
            ["device"],
            registry=registry,
        )
        # A series that is not there before the first event hides it from `rate()`.
        for reason in ("capacity", "memory"):
            self.refusals.labels(reason)
        for pool in ("media", "inference"):
            self.worker_restarts.labels(pool)
        self._media_restarts = 0

    @contextmanager
    def staying(self, stage: str) -> Iterator[None]:
        """Count a request as in a stage for as long as the block runs."""
        gauge = self.stage_in_flight.labels(stage)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def batch_done(self, crops: int, second_looks: int) -> None:
        """A device has judged a batch, some of its crops twice."""
        self.batch_size.observe(crops)
        self.crops.inc(crops)
        self.second_looks.inc(second_looks)

    def worker_restarted(self) -> None:
        """A session died and is opened again."""
        self.worker_restarts.labels("inference").inc()

    def media_restarts(self, total: int) -> None:
        """Media workers replaced so far."""
        self.worker_restarts.labels("media").inc(max(0, total - self._media_restarts))
        self._media_restarts = max(total, self._media_restarts)

    def refused(self, reason: str) -> None:
        """A request found no room."""
        self.refusals.labels(reason).inc()

    def reported(self, report: Report) -> None:
        """A report is ready."""
        if report.fake_probability is not None:
            self.fake_probability.observe(report.fake_probability)
        if report.verdict == "manipulated":
            self.methods.labels(report.method.name).inc()

    def watch(self, gauge: Gauge, value: Callable[[], float]) -> None:
        """Let a gauge be read at each scrape."""
        gauge.set_function(value)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class JsonFormatter(logging.Formatter):
    """One JSON object a line. Only what is put in the record is written: no file content."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; an exception becomes one string under `exception`."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _RECORD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send all logs to stderr as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The request log below says more than uvicorn's access log.
    logging.getLogger("uvicorn.access").disabled = True
