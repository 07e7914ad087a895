"""Masks to figures, checked by hand."""

import numpy as np
import pytest

from model_export.evaluation.figures import segmentation
from model_export.metrics.segmentation import match_masks
from tests.model_export.evaluation.rows import row


def test_masks_are_measured_on_fakes_that_have_one_and_on_reals() -> None:
    half, whole = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    half[:4] = 255
    black = np.zeros((8, 8), np.uint8)
    figures = segmentation(
        [
            row(1, "swap", match=match_masks(half, whole)),
            row(2, "swap"),
            row(-1, None, match=match_masks(half, black)),
            row(-2, None),
        ]
    )
    assert figures["fakes_with_truth"] == 1
    assert figures["iou"] == 0.5
    assert figures["dice"] == pytest.approx(2 / 3)
    assert figures["pixel_accuracy"] == pytest.approx((0.5 + 0.5 + 1) / 3), "reals count, too"
    assert figures["false_mask_area"] == 0.25
    assert figures["reals_with_a_false_mask"] == 0.5


def test_masks_are_measured_by_method_where_their_truth_is_known() -> None:
    half, whole = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    half[:4] = 255
    fakes = [
        row(1, "swap", match=match_masks(half, whole)),
        row(2, "swap"),
        row(3, "edit", match=match_masks(whole, whole)),
        row(4, "morph"),
    ]
    figures = segmentation([*fakes, row(-1, None)])
    assert figures["iou_per_method"] == {"swap": 0.5, "edit": 1.0}
    unknown = segmentation([fakes[1], row(-1, None)])
    assert (unknown["iou"], unknown["pixel_accuracy"]) == (None, None), "reals alone flatter"


def test_a_false_mask_is_counted_from_where_it_catches_the_eye() -> None:
    black = np.zeros((20, 20), np.uint8)
    reals = []
    for pixels in (0, 3, 4, 5):
        drawn = black.copy()
        drawn.flat[:pixels] = 255
        reals.append(row(-1, None, f"{pixels}", match=match_masks(drawn, black)))
    assert segmentation(reals)["reals_with_a_false_mask"] == 1 / 4
