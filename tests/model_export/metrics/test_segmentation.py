"""Masks against their truth."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from model_export.metrics.segmentation import match_masks


def test_half_a_mask() -> None:
    truth, guess = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    truth[:2], guess[:2, :2] = 255, 255
    match = match_masks(guess, truth)
    assert match.iou == 0.5
    assert match.dice == pytest.approx(2 / 3)
    assert match.pixel_accuracy == 0.75
    assert match.area == 0.25


def test_random_masks_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    guess, truth = (rng.integers(0, 256, (32, 32), np.uint8) for _ in range(2))
    match = match_masks(guess, truth, level=90)
    flat = (truth >= 128).ravel(), (guess >= 90).ravel()
    assert match.iou == pytest.approx(jaccard_score(*flat))
    assert match.dice == pytest.approx(f1_score(*flat))


def test_two_black_masks_agree() -> None:
    black = np.zeros((8, 8), np.uint8)
    assert (match_masks(black, black).iou, match_masks(black, black).dice) == (1, 1)
    assert match_masks(black, black).area == 0


def test_masks_of_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        match_masks(np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8))


def test_a_pixel_counts_from_the_level_on() -> None:
    masks = [np.full((8, 8), grey, np.uint8) for grey in (89, 90)]
    assert [match_masks(mask, mask, level=90).area for mask in masks] == [0, 1]
