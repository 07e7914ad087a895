"""A clip that is evaluated gets the probability that the service would give it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.video import AS_UPLOADED, encode_h264
from model_export.evaluation.figures import as_clips
from model_export.evaluation.rows import judge_rows
from model_export.judge import open_judge
from model_export.sources.folders import FolderSource
from model_export.sources.sample import SUPPORT
from service.inference.model_file import Thresholds
from service.verdict.report import build_report
from tests.benchmarks.stages import Stages

SHIPPED = Path(__file__).parents[3] / "service" / "weights" / "unmask.onnx"


def test_a_clip_with_poor_frames_and_a_still_in_it(
    astronaut: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharp = astronaut[:320, 80:400]
    odd = np.asarray(cv2.bilateralFilter(sharp, 9, 60, 5), np.uint8)
    away = cv2.getRotationMatrix2D((145, 122), 0, 0.65)
    small = np.asarray(cv2.warpAffine(sharp, away, (320, 320), borderMode=cv2.BORDER_REFLECT))
    shown = [*[sharp] * 20, *[odd] * 14, *[small] * 10, *[odd] * 6, *[sharp] * 30]
    moving = [np.roll(frame, number % 3, 1) for number, frame in enumerate(shown)]
    data = encode_h264(moving, 23, 10, AS_UPLOADED)
    for place in ("real/a.mp4", "fake/a.mp4"):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes(data)

    monkeypatch.setenv("UNMASK_PRECISION", "float32")
    stages = Stages(SHIPPED, threads=1)
    extraction = stages.extract(data)
    evidence = stages.judge(extraction)
    report = build_report(extraction, evidence, stages.model.spec, SUPPORT)
    assert report.fake_probability is not None
    poor = [bool(SUPPORT.reasons(crop.quality)) for crop in extraction.crops]
    assert 0 < sum(poor) < len(poor)

    judge = open_judge(SHIPPED)
    source = FolderSource(tmp_path, stages.plan.crop)
    rows = [row for row, _, _ in judge_rows(judge, source)]
    clips = as_clips(rows, Thresholds(**judge.note["thresholds"]))
    assert [clip.group for clip in clips] == ["real/a.mp4", "fake/a.mp4"]
    for found in clips:
        assert found.probability == pytest.approx(report.fake_probability, abs=1e-3)
