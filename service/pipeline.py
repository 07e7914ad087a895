"""The stages in a row: upload to report. The server and the command line share it."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from service.analysis import Analysis, Options, Timing
from service.errors import DeadlineExceededError
from service.faces.extract import extract
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.inference.admission import Admission, Kind, Permit
from service.inference.device import Device
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool
from service.media.sniff import sniff
from service.media.upload import Upload
from service.media.workers import MediaWorkers
from service.settings import Settings
from service.telemetry import Telemetry
from service.verdict.need import mask_floor
from service.verdict.rendering import RenderPlan, plan_rendering, render_frame, render_overlay
from service.verdict.report import build_report
from service.verdict.support import SupportRule

_Result = TypeVar("_Result")

_QUICK_PIXELS = 2**19
"""Of a picture, times its faces. The way to a thread and back costs more than such a report, which
takes 0.2 ms where no mask is drawn (`tests.benchmarks limit`)."""


class Pipeline:
    """Takes uploads through all stages. Started and stopped by `opening.open_pipeline`."""

    def __init__(
        self,
        settings: Settings,
        model: ModelFile,
        *,
        media: MediaWorkers,
        pool: InferencePool,
        admission: Admission,
        telemetry: Telemetry,
        onnxruntime: str,
    ) -> None:
        """onnxruntime: its version."""
        self.model = model
        self.onnxruntime = onnxruntime
        self.admission = admission
        self._settings = settings
        self.media = media
        self._pool = pool
        self._telemetry = telemetry

    @property
    def device(self) -> Device:
        return self._pool.devices[0]

    def problem(self) -> str | None:
        """Why no work can be done at present, or None."""
        if not self.media.alive():
            return "the media workers are not running"
        return self._pool.problem()

    def useless(self) -> bool:
        """Whether work sent now would wait in vain for what judges."""
        return self._pool.useless

    def hopeless(self) -> str | None:
        """Why only another process can do work again, or None."""
        return self._pool.hopeless()

    async def analyze(
        self,
        upload: Upload,
        options: Options,
        permit: Permit,
        deadline: float,
        present: Callable[[Analysis], _Result],
    ) -> tuple[Analysis, _Result]:
        """The report on one upload, and what `present` makes of it.

        deadline: event loop time. present: called where the report is built, in a thread for all
            but small pictures: a second way there and back costs as much as a small report does.

        Raises UnmaskError: of the media stage, OverloadedError, DeadlineExceededError.
        """
        plan = self._plan(options)
        moves = sniff(upload.data).family != "picture"
        if moves:
            permit.grow(plan.frames, Kind.CLIP)
        else:
            permit.grow(1, Kind.PICTURE)
        clock = time.perf_counter  # the loop's own time is rounded to milliseconds by uvloop
        begun = clock()
        telemetry = self._telemetry
        with telemetry.passing("media"):
            extraction: Extraction = await self._decode(
                extract,
                upload,
                plan,
                deadline=deadline,
                moves=moves,
                plausible=lambda found: isinstance(found, Extraction) and found.within(plan),
            )
        extracted = clock()
        permit.settle(len(extraction.crops))
        rule = SupportRule(self._settings.verdict.min_face_px, self._settings.verdict.min_sharpness)
        with telemetry.staying("inference"):
            judgement = await self._pool.judge(
                [crop.pixels for crop in extraction.crops],
                deadline,
                mask_floor=mask_floor(extraction, self.model.spec, rule),
            )
        judged = clock()
        telemetry.stage_seconds.labels("queue").observe(judgement.queue_s)
        telemetry.stage_seconds.labels("inference").observe(judgement.inference_s)

        def conclude() -> tuple[Analysis, _Result]:
            report = build_report(extraction, judgement.evidence, self.model.spec, rule)
            timing = Timing(
                extracted - begun, judgement.queue_s, judgement.inference_s, clock() - judged
            )
            analysis = Analysis(uuid.uuid4().hex, report, self.model, self.device.name, timing)
            return analysis, present(analysis)

        # With the masks' encoding, which comes after what the report itself can tell.
        with telemetry.passing("report"):
            quick = _report_is_quick(extraction)
            analysis, presented = conclude() if quick else await asyncio.to_thread(conclude)
        telemetry.reported(analysis.report)
        return analysis, presented

    async def overlay(
        self, upload: Upload, analysis: Analysis, options: Options, deadline: float
    ) -> bytes:
        """A WebP of an analysed upload with its findings drawn on it: see `render_overlay`.

        options: those of the analysis. Raises as `analyze` does.
        """
        moves = analysis.report.media.kind == "video"
        with self._telemetry.passing("overlay"):
            plan = await self._rendering(analysis, options)
            return await self._decode(render_overlay, upload, plan, deadline=deadline, moves=moves)

    async def worst_frame(
        self, upload: Upload, analysis: Analysis, options: Options, deadline: float
    ) -> bytes:
        """A JPEG of the most incriminating frame (the first, without a face), drawn on."""
        report = analysis.report
        index = report.timeline[0].frame_index if report.mask is None else report.mask.frame_index
        plan = await self._rendering(analysis, options)
        moves = report.media.kind == "video"
        return await self._decode(render_frame, upload, plan, index, deadline=deadline, moves=moves)

    async def _rendering(self, analysis: Analysis, options: Options) -> RenderPlan:
        return await asyncio.to_thread(
            plan_rendering,
            analysis.report,
            self._settings.media.limits(),
            self._plan(options).frames,
            self.model.spec.thresholds.mask,
        )

    async def _decode(
        self,
        function: Callable[..., _Result],
        *args: object,
        deadline: float,
        moves: bool,
        plausible: Callable[[Any], bool] = lambda drawn: isinstance(drawn, bytes),
    ) -> _Result:
        """Run a job in a media worker. Raises its errors, DeadlineExceededError."""
        try:
            async with asyncio.timeout_at(deadline):
                limit_s = self._settings.media.timeout_s
                return await self.media.run(
                    function, *args, timeout_s=limit_s, long=moves, plausible=plausible
                )
        except TimeoutError as error:
            raise DeadlineExceededError from error

    def _plan(self, options: Options) -> ExtractionPlan:
        media, faces, spec = self._settings.media, self._settings.faces, self.model.spec
        return ExtractionPlan(
            limits=media.limits(),
            frames=min(options.max_frames or media.frames, media.max_frames),
            max_faces=min(options.max_faces or faces.max_faces, faces.max_faces),
            crop=spec.crop_rule,
            detector=faces.plan(),
        )


def _report_is_quick(extraction: Extraction) -> bool:
    """Whether the event loop may wait for the report."""
    media, faces = extraction.media, max(1, len(extraction.crops))
    return media.kind == "image" and media.width * media.height * faces <= _QUICK_PIXELS
