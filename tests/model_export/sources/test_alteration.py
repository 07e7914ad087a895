"""Pictures turned and compressed before they are judged."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.sources.alteration import Alteration, turned
from service.faces.pyramid import Pyramid
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.upload import Upload
from tests.media_files import clip, encode, moving


def test_a_turn_is_counter_clockwise_about_the_middle(astronaut: NDArray[np.uint8]) -> None:
    crop = np.ascontiguousarray(astronaut[0:256, 96:352])
    assert (turned(crop, 0) == crop).all()
    assert np.abs(turned(crop, 90).astype(int) - np.rot90(crop)).max() <= 1
    assert np.abs(turned(crop, 180).astype(int) - crop[::-1, ::-1]).max() <= 1


def test_a_picture_is_turned_and_its_mask_with_it(astronaut: NDArray[np.uint8]) -> None:
    altered = Alteration(degrees=90).picture(Upload(encode(astronaut, ".png")), MediaLimits())
    pixels = decode_picture("png", altered.data, MediaLimits()).pixels
    assert (pixels == turned(astronaut, 90)).all()
    mask = np.zeros(astronaut.shape[:2], np.uint8)
    mask[10:60, 200:300] = 255
    assert (Alteration(degrees=90).mask(mask) == turned(mask, 90)).all()
    assert (Alteration(h264_crf=30).mask(mask) == mask).all()


def test_a_picture_is_shrunk_and_its_mask_with_it(astronaut: NDArray[np.uint8]) -> None:
    wide = np.ascontiguousarray(astronaut[:200])
    altered = Alteration(scale=0.5).picture(Upload(encode(wide, ".png")), MediaLimits())
    pixels = decode_picture("png", altered.data, MediaLimits()).pixels
    assert pixels.shape == (100, 256, 3)
    # Each pixel is the mean of those it stands for.
    means = wide.reshape(100, 2, 256, 2, 3).mean((1, 3))
    assert np.abs(pixels - means).max() <= 0.51
    assert Alteration(scale=0.25).mask(wide[..., 0]).shape == (50, 128)
    assert Alteration(scale=0.001).mask(wide[..., 0]).shape == (1, 1)


def test_a_blur_is_in_pixels_of_the_picture_as_it_is(astronaut: NDArray[np.uint8]) -> None:
    altered = Alteration(blur=1.5, scale=0.5).picture(
        Upload(encode(astronaut, ".png")), MediaLimits()
    )
    pixels = decode_picture("png", altered.data, MediaLimits()).pixels
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 1.5), np.uint8)
    assert (pixels == Pyramid(blurred).at(0.5)).all()


@pytest.mark.parametrize(
    "alteration",
    [
        Alteration(blur=1.0),
        Alteration(degrees=30),
        Alteration(h264_crf=30),
        Alteration(scale=0.5),
    ],
)
def test_clips_stay(alteration: Alteration, astronaut: NDArray[np.uint8]) -> None:
    upload = Upload(clip(moving(astronaut[:300], 3)))
    assert alteration.picture(upload, MediaLimits()) is upload


def test_without_an_alteration_a_picture_stays(astronaut: NDArray[np.uint8]) -> None:
    upload = Upload(encode(astronaut))
    assert Alteration().picture(upload, MediaLimits()) is upload


def test_a_picture_becomes_a_hand_held_clip_with_key_frames(astronaut: NDArray[np.uint8]) -> None:
    upload = Upload(encode(np.ascontiguousarray(astronaut[:300, :401]), ".png"))
    alteration = Alteration(h264_crf=23, as_clip=True)
    altered = alteration.picture(upload, MediaLimits())
    assert altered == alteration.picture(upload, MediaLimits())
    opened = Clip("mp4", altered.data, MediaLimits())
    frames = list(opened.frames(100))
    assert (opened.width, opened.height, opened.duration_s) == (400, 300, 4.0)
    assert {frame.index for frame in frames if frame.key} == {0, 50}
    # It moves, slowly, and about what it was.
    still = astronaut[:300, :400].astype(int)
    shots = [frame.pixels.astype(int) for frame in frames]
    steps = [np.abs(new - old).mean() for old, new in pairwise(shots)]
    assert 1 < np.mean(steps) < 12
    assert max(np.abs(shot - still).mean() for shot in shots) > 12
    middle = np.mean(shots, axis=0)
    assert np.corrcoef(middle.ravel(), still.ravel())[0, 1] > 0.8
