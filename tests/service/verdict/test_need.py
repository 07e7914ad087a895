"""A mask is left out only where the report would show a black one anyway."""

import math

import numpy as np
import pytest

from service.faces.crop import FaceCrop
from service.inference.evidence import Evidence
from service.verdict.findings import Report
from service.verdict.need import mask_floor
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.service.verdict.faces import SPEC, block, extraction, face

RULE = SupportRule(min_width_px=32, min_sharpness=1.0)


def report(difference: float, *, drawn: bool) -> Report:
    logits = np.array((1.0, 0.0, 0.0), np.float32)
    mask = block(50, 50, 200, 200) if drawn else None
    return build_report(
        extraction([face()]), [Evidence(1 + difference, 1.0, mask, logits)], SPEC, RULE
    )


def shown(found: Report) -> list[bool]:
    assert found.mask is not None
    return [bool(mask.pixels.any()) for mask in (found.mask, found.faces[0].mask)]


def test_up_to_the_floor_the_drawn_mask_is_never_shown() -> None:
    floor = mask_floor(extraction([face()]), SPEC, RULE)
    below = [report(floor - 1e-4, drawn=drawn) for drawn in (True, False)]
    assert [each.verdict for each in below] == ["authentic"] * 2
    assert [shown(each) for each in below] == [[False, False]] * 2
    assert below[0].faces[0].method == below[1].faces[0].method
    above = report(floor + 1e-4, drawn=True)
    assert above.verdict == "inconclusive"
    assert shown(above) == [True, True]


@pytest.mark.parametrize("poor", [face(track=1, side=20), face(track=1, sharpness=0.5)])
def test_a_face_too_poor_to_judge_shows_its_mask(poor: FaceCrop) -> None:
    good = face()
    assert mask_floor(extraction([good]), SPEC, RULE) > -math.inf
    assert mask_floor(extraction([good, poor]), SPEC, RULE) == -math.inf


def test_a_clip_shows_all_its_masks() -> None:
    clip = extraction([face(frame=number) for number in range(3)], frames=3)
    assert mask_floor(clip, SPEC, RULE) == -math.inf
