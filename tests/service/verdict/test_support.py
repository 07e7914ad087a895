"""Who is seen well enough to be judged."""

import pytest

from service.faces.crop import Quality
from service.verdict.support import SupportRule, seen_well


def test_every_lack_is_named() -> None:
    rule = SupportRule(min_width_px=64, min_sharpness=1.0)
    assert rule.reasons(Quality(64, 1.0, 100.0)) == ()
    poor = Quality(63, 0.9, 100.0, warnings=("covered", "tight", "dark"))
    lacks = ("face_too_small", "face_too_blurred", "face_covered", "face_too_tight")
    assert rule.reasons(poor) == lacks
    assert rule.reasons(Quality(64, 9.0, 100.0, warnings=("shaken",))) == ("face_too_blurred",)


@pytest.mark.parametrize(
    ("frames", "well"),
    [
        ("x", True),
        (".", False),
        (".x", True),
        ("...x", True),
        ("..x..", False),
        (".xx..", True),
        ("x.x.x.x.", True),
        ("x.x..x..", False),
        ("xxx.xxx.xxx.xxx.", True),
        ("..x.............", False),
        (".xxx..........x.", False),
        ("......xxxx......", True),
        ("..............xx", False),
    ],
)
def test_a_face_is_seen_well_for_a_quarter_of_its_frames_in_a_row(frames: str, well: bool) -> None:
    assert seen_well([each == "x" for each in frames]) == well
