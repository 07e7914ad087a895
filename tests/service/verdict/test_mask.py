"""Masks return to where their crops were cut."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from service.faces.crop import Box, CropRule, cut_square
from service.verdict.mask import (
    area_fraction,
    crop_mask,
    draw_into_frame,
    encode_grey_png,
    encode_png,
)
from tests.service.verdict.faces import BLACK, block, face


def test_a_mask_lands_where_its_crop_was_cut() -> None:
    frame = np.zeros((100, 200), np.uint8)
    draw_into_frame(frame, face(left=40, top=20, side=64).crop_to_frame, block(0, 0, 128, 256), 128)
    rows, columns = np.nonzero(frame)
    assert (columns.min(), columns.max()) == (40, 71)
    assert (rows.min(), rows.max()) == (20, 83)
    assert set(np.unique(frame)) == {0, 255}


def test_drawing_undoes_cutting() -> None:
    truth = np.zeros((400, 500), np.uint8)
    cv2.circle(truth, (230, 180), 60, 255, -1)
    crop, crop_to_frame = cut_square(truth[:, :, None], Box(150, 90, 150, 190), CropRule(1.1))
    drawn = np.zeros_like(truth)
    mask = crop.reshape(256, 256)
    draw_into_frame(drawn, crop_to_frame, mask, 128)
    both, either = np.sum((drawn > 0) & (truth > 0)), np.sum((drawn > 0) | (truth > 0))
    assert both / either > 0.98


def test_a_crop_over_the_edge_is_cut_off_there() -> None:
    frame = np.zeros((100, 200), np.uint8)
    white = np.full((256, 256), 255, np.uint8)
    draw_into_frame(frame, face(left=-32, top=-32, side=64).crop_to_frame, white, 128)
    assert frame[:31, :31].all()
    assert not frame[33:].any()
    draw_into_frame(frame, face(left=500, top=500).crop_to_frame, white, 128)
    assert not frame[33:].any()


def test_a_turned_crops_mask_lies_the_same_way_in_its_box_and_in_the_frame() -> None:
    step, middle = 0.5 * np.array([[0.8, -0.6], [0.6, 0.8]]), np.full(2, 127.5)
    turned = replace(face(), crop_to_frame=np.c_[step, np.array([150, 120]) - step @ middle])
    mask = block(60, 90, 200, 110)
    frame = np.zeros((240, 300), np.uint8)
    draw_into_frame(frame, turned.crop_to_frame, mask, 128)
    found = crop_mask(turned, mask, 128)
    # A square of 128 turned by 37 degrees reaches 1.4 times as far.
    assert (found.box.width, found.box.height) == pytest.approx((179.2, 179.2))
    middle_x, middle_y = found.box.x + found.box.width / 2, found.box.y + found.box.height / 2
    assert (middle_x, middle_y) == pytest.approx((150.5, 120.5))
    left, top = round(found.box.x), round(found.box.y)
    seen = found.pixels.astype(bool)
    there = cv2.resize(frame[top : top + 179, left : left + 179], (256, 256)) >= 128
    assert (seen & there).sum() / (seen | there).sum() > 0.9
    for axis in (0, 1):  # centres of gravity, in pixels of the mask
        wide, sought = np.argwhere(seen)[:, axis], np.argwhere(there)[:, axis]
        assert wide.mean() == pytest.approx(sought.mean(), abs=0.4)


def test_where_masks_meet_the_larger_stays() -> None:
    frame = np.zeros((100, 200), np.uint8)
    draw_into_frame(frame, face().crop_to_frame, block(0, 0, 256, 256), 128)
    draw_into_frame(frame, face().crop_to_frame, BLACK, 128)
    assert frame[10, 10] == 255


def test_a_face_mask_is_decided_at_the_threshold() -> None:
    grey = BLACK.copy()
    grey[0], grey[1] = 127, 128
    found = crop_mask(face(left=40, top=20, side=64), grey, 128)
    assert found.area_fraction == 1 / 256
    assert found.pixels[1].all()
    assert (found.box.x, found.box.y, found.box.width, found.box.height) == (40, 20, 64, 64)


def test_a_mask_survives_its_png() -> None:
    mask = block(3, 5, 90, 200)
    data = encode_png(mask)
    assert data[24:26] == b"\x01\x00", "one bit, grey (RFC 2083, 4.1.1)"
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert np.array_equal(decoded, mask)


def test_black_masks_of_all_sizes_survive_their_png() -> None:
    for shape in ((3, 5), (5, 3), (3, 5)):
        mask = np.zeros(shape, np.uint8)
        read = cv2.imdecode(np.frombuffer(encode_png(mask), np.uint8), cv2.IMREAD_UNCHANGED)
        assert read is not None
        assert np.array_equal(read, mask)


def test_grey_levels_survive_where_they_are_wanted() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = np.frombuffer(encode_grey_png(grey), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert np.array_equal(decoded, grey)


def test_area_is_a_share_of_pixels() -> None:
    assert area_fraction(block(0, 0, 128, 256)) == 0.5
