"""The stages of the service one after the other, as a program without a service would run them."""

from collections.abc import Sequence
from pathlib import Path

from service.analysis import Analysis, Timing
from service.api.presenter import report_body
from service.faces.extract import extract, warm_up
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.inference.device import Device
from service.inference.evidence import Evidence
from service.inference.model_file import read_model_file
from service.inference.precision import in_precision
from service.inference.session import Session, SessionPlan
from service.media.upload import Upload
from service.runtime import Runtime
from service.settings import Settings
from service.verdict.need import mask_floor
from service.verdict.report import build_report
from service.verdict.support import SupportRule

BUCKETS = (1, 2, 4, 8, 16)


class Stages:
    """Everything needed for one upload, in one process.

    threads: threads of the network's session.
    """

    def __init__(self, model: Path, threads: int, device: Device | None = None) -> None:
        runtime, settings = Runtime(), Settings()
        device = device or Device("cpu")
        given = read_model_file(model, runtime)
        self.model = in_precision(given, device, settings.precision, runtime)
        self.session = Session(self.model, device, SessionPlan(threads, BUCKETS), runtime)
        spec = self.model.spec
        self.plan = ExtractionPlan(limits=settings.media.limits(), crop=spec.crop_rule)
        self._rule = SupportRule(settings.verdict.min_face_px, settings.verdict.min_sharpness)
        warm_up(self.plan.detector)

    def extract(self, data: bytes) -> Extraction:
        """Decode, find faces, cut crops."""
        return extract(Upload(data), self.plan)

    def judge(self, extraction: Extraction) -> list[Evidence]:
        """Run the network on all crops, in batches the session takes, masks where they show."""
        pixels = [crop.pixels for crop in extraction.crops]
        most = self.session.largest_batch
        floor = mask_floor(extraction, self.model.spec, self._rule)
        return [
            evidence
            for start in range(0, len(pixels), most)
            for evidence in self.session.run(pixels[start : start + most], floor)
        ]

    def report(self, extraction: Extraction, evidence: Sequence[Evidence]) -> bytes:
        """The JSON that the service would send."""
        report = build_report(extraction, evidence, self.model.spec, self._rule)
        timing = Timing(media=0.0, queue=0.0, inference=0.0, report=0.0)
        analysis = Analysis("benchmark", report, self.model, self.session.device.name, timing)
        return report_body(analysis, inline_masks=True).model_dump_json().encode()

    def analyze(self, data: bytes) -> bytes:
        """All stages."""
        extraction = self.extract(data)
        return self.report(extraction, self.judge(extraction))
