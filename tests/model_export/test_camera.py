"""What a picture went through before it was manipulated."""

import cv2
import numpy as np

from model_export.data.camera import draw_history
from model_export.data.faces import FaceIndex
from model_export.data.warp import Picture


def fine_detail(picture: Picture) -> float:
    """Mean grey levels of what a blur of 0.7 pixels takes away."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 0.7)).mean())


def test_most_pictures_come_out_with_more_fine_detail(faces: FaceIndex) -> None:
    soft = np.asarray(cv2.GaussianBlur(faces.read(0).pixels, (0, 0), 1), np.uint8)
    drawn = [draw_history(soft, np.random.default_rng(seed)) for seed in range(40)]
    assert {picture.shape for picture in drawn} == {soft.shape}
    assert {picture.dtype for picture in drawn} == {soft.dtype}
    assert np.median([fine_detail(picture) for picture in drawn]) > 1.3 * fine_detail(soft)
    # Some stay as they are: not every camera sharpens.
    assert any(np.array_equal(picture, soft) for picture in drawn)


def test_a_history_is_the_same_for_the_same_draw(faces: FaceIndex) -> None:
    picture = faces.read(0).pixels
    one, again = (draw_history(picture, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, draw_history(picture, np.random.default_rng(10)))
