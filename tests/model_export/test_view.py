"""Where crops look: about the face, or inside the edge of a picture that is cut tight."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.faces import RealFace
from model_export.data.view import CONTEXT, Window, draw_view, draw_view_inside, window_of
from service.faces.crop import Box, CropRule

TIGHT = Window(0.27, 0.29, 0.73, 0.77, width=0.4, height=0.5)
WIDE = Window(-0.6, 0.22, 1.4, 0.75, width=0.4, height=0.5)
"""A still of a film that a face fills from top to bottom."""


def seen(view: NDArray[np.float64]) -> NDArray[np.float64]:
    """The crop's corners in the working picture."""
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    return np.asarray((corners - view[:, 2]) @ np.linalg.inv(view[:, :2]).T)


@pytest.mark.parametrize("seed", range(50))
def test_inside_a_tight_picture_nothing_beyond_its_edge_is_seen(seed: int) -> None:
    corners = seen(draw_view_inside(TIGHT, np.random.default_rng(seed)))
    assert corners[:, 0].min() >= TIGHT.left and corners[:, 0].max() <= TIGHT.right
    assert corners[:, 1].min() >= TIGHT.top and corners[:, 1].max() <= TIGHT.bottom
    # Nor is much of it thrown away: a turn of ten degrees costs a seventh of the side.
    assert np.ptp(corners[:, 0]) > 0.8 * (TIGHT.right - TIGHT.left)


@pytest.mark.parametrize("seed", range(50))
def test_inside_a_wide_picture_the_face_is_seen(seed: int) -> None:
    corners = seen(draw_view_inside(WIDE, np.random.default_rng(seed)))
    assert corners[:, 0].min() >= WIDE.left and corners[:, 0].max() <= WIDE.right
    assert corners[:, 1].min() >= WIDE.top and corners[:, 1].max() <= WIDE.bottom
    shown = min(corners[:, 0].max(), 0.7) - max(corners[:, 0].min(), 0.3)
    assert shown > 0.4 / 3


def test_an_ordinary_view_is_the_rules_crop_with_jitter() -> None:
    views = [seen(draw_view(np.random.default_rng(seed))) for seed in range(200)]
    sides = [float(np.hypot(*(corners[1] - corners[0]))) * CONTEXT for corners in views]
    assert min(sides) > 0.77 and max(sides) < 1.13
    assert np.mean(sides) == pytest.approx(0.95, abs=0.02)
    assert np.abs(np.mean(views, axis=(0, 1)) - 0.5).max() < 0.02
    mirrored = [np.linalg.det(np.array([c[1] - c[0], c[2] - c[1]])) < 0 for c in views]
    assert 0.4 < np.mean(mirrored) < 0.6


def test_a_picture_cuts_the_crop_where_it_ends_inside_it() -> None:
    rule = CropRule(scale=1.3)
    points = np.zeros((68, 2), np.float32)
    whole = RealFace(np.zeros((400, 400, 3), np.uint8), points, Box(150, 150, 80, 100))
    window = window_of(whole, rule)
    assert not window.cuts_the_crop
    # The face's middle is (190, 200), the working picture's side 1.5 * 1.3 * 100 = 195 pixels.
    assert (window.left, window.bottom) == pytest.approx((0.5 - 190 / 195, 0.5 + 200 / 195))
    assert (window.width, window.height) == pytest.approx((80 / 195, 100 / 195))
    tight = RealFace(np.zeros((110, 100, 3), np.uint8), points, Box(10, 5, 80, 100))
    assert window_of(tight, rule).cuts_the_crop
