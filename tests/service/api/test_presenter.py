"""What was found is told as it was found, in JSON and beside an image."""

from dataclasses import replace

import pytest

from service.analysis import Analysis, Timing
from service.api.headers import image_headers
from service.api.presenter import report_body
from service.faces.crop import Box
from service.inference.model_file import ModelFile
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.service.verdict.faces import SPEC, block, evidence, extraction, face


@pytest.fixture
def analysis(model: ModelFile) -> Analysis:
    """A clip whose first face is manipulated for a stretch, and whose second is too blurred."""
    crops = [
        replace(
            face(
                frame=i,
                track=track,
                left=100 * track,
                sharpness=0.1 if track else 9.0,
                warnings=("dark",),
            ),
            box=Box(7.0, 9.0, 40.0, 50.0),
        )
        for i in range(8)
        for track in (0, 1)
    ]
    logits = [x for i in range(8) for x in (5.0 if 2 <= i < 5 else -4.0, 3.0)]
    found = [evidence(x, block(0, 0, 64, 64), (5.0, 0.0, 0.0)) for x in logits]
    taken = extraction(crops, frames=8)
    taken = replace(taken, media=replace(taken.media, warnings=("truncated", "faces_left_out")))
    report = build_report(taken, found, SPEC, SupportRule(32, 1.0))
    return Analysis("a" * 32, report, replace(model, spec=SPEC), "cpu", Timing(1.0, 2.0, 3.0, 4.0))


def test_a_report_tells_what_was_found(analysis: Analysis) -> None:
    body = report_body(analysis, inline_masks=False)
    assert (body.verdict, body.warnings) == ("manipulated", ["truncated", "faces_left_out"])
    fake, poor = body.faces
    assert [(i.start_s, i.end_s) for i in fake.intervals] == [pytest.approx((0.2, 0.5))]
    assert (fake.warnings, fake.quality.warnings) == ([], ["dark"])
    assert (poor.warnings, poor.quality.warnings) == (
        ["face_too_blurred"],
        ["dark", "face_too_blurred"],
    )
    box = analysis.report.faces[0].mask.box
    assert (fake.mask.box.x, fake.mask.box.width) == (box.x, box.width)


def test_beside_an_image_stands_what_it_cannot_say(analysis: Analysis) -> None:
    fake = analysis.report.fake_probability
    assert fake is not None
    assert image_headers(analysis) == {
        "X-Unmask-Id": "a" * 32,
        "X-Unmask-Verdict": "manipulated",
        "X-Unmask-Method": "deepfakes",
        "X-Unmask-Model-SHA256": analysis.model.sha256,
        "X-Unmask-Fake-Probability": f"{fake:.6f}",
        "X-Unmask-Real-Probability": f"{1 - fake:.6f}",
        "X-Unmask-Frame-Index": "2",
        "X-Unmask-Warnings": "truncated, faces_left_out",
    }
