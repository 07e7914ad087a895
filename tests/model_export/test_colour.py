"""Colour transfer between faces."""

import cv2
import numpy as np
import pytest

from model_export.data.colour import match_colour
from model_export.data.faces import FaceIndex


def test_the_source_takes_the_targets_colours_inside_the_region(faces: FaceIndex) -> None:
    source = faces.read(0).pixels
    target = np.clip(source * 0.7 + np.array([40, 10, 0]), 0, 255).astype(np.uint8)
    region = np.zeros(source.shape[:2], np.float32)
    region[60:200, 60:200] = 1
    matched = match_colour(source, target, region, 1.0)

    def lab(picture: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[region > 0.5].astype(np.float64)

    before = np.abs(lab(source).mean(0) - lab(target).mean(0))
    after = np.abs(lab(matched).mean(0) - lab(target).mean(0))
    assert before.max() > 10
    assert after.max() < 2
    assert lab(matched).std(0) == pytest.approx(lab(target).std(0), rel=0.15)


def test_half_the_strength_goes_half_the_way(faces: FaceIndex) -> None:
    source = faces.read(0).pixels
    target = np.clip(source.astype(int) + 40, 0, 255).astype(np.uint8)
    region = np.ones(source.shape[:2], np.float32)
    none, half, all_the_way = (
        float(match_colour(source, target, region, strength).mean()) for strength in (0, 0.5, 1)
    )
    assert none == pytest.approx(float(source.mean()), abs=1.5)
    assert none + 5 < half < all_the_way - 5


def test_a_region_too_small_to_measure_changes_nothing(faces: FaceIndex) -> None:
    source = faces.read(0).pixels
    region = np.zeros(source.shape[:2], np.float32)
    region[:3, :3] = 1
    assert match_colour(source, 255 - source, region, 1.0) is source
