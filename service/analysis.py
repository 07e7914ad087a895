"""What is asked of an upload, and what comes of it."""

from dataclasses import dataclass

from service.inference.model_file import ModelFile
from service.verdict.findings import Report


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds spent in each stage; media includes waiting for a worker."""

    media: float
    queue: float
    inference: float
    report: float

    @property
    def total(self) -> float:
        return self.media + self.queue + self.inference + self.report


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report and how it came about. device: name of the device kind, such as "cpu"."""

    id: str
    report: Report
    model: ModelFile
    device: str
    timing: Timing


@dataclass(frozen=True, slots=True)
class Options:
    """What a request may choose. None takes the settings' value; more is cut to their limit."""

    max_frames: int | None = None
    max_faces: int | None = None
