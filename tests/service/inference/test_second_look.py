"""What is not clearly real is judged again as its mirror image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.inference.model_file import ModelFile
from service.inference.second_look import look_again
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.looks import looking_again

Crop = NDArray[np.uint8]


def left_heavy(crops: Sequence[Crop]) -> list[NDArray[Any]]:
    """A network that takes the brightness of a crop's left column for how fake it is."""
    seen = np.stack(crops)
    fake = seen[:, :, 0, 0].mean(1).astype(np.float32)
    return [fake, np.zeros_like(fake), seen[..., 0], np.stack([fake, -fake], 1)]


def crop_of(left: int, right: int) -> Crop:
    crop = np.zeros((4, 4, 3), np.uint8)
    crop[:, 0], crop[:, -1] = left, right
    return crop


def test_a_crop_above_is_averaged_with_its_mirror_image_and_the_others_are_left_alone() -> None:
    crops = [crop_of(200, 100), crop_of(10, 250), crop_of(255, 255)]
    first = left_heavy(crops)
    before = [output.copy() for output in first]
    shown: list[int] = []

    def look(mirrored: Sequence[Crop]) -> list[NDArray[Any]]:
        shown.extend(int(crop[0, 0, 0]) for crop in mirrored)
        return left_heavy(mirrored)

    (fake, real, mask, logits), again = look_again(first, crops, 50.0, look)
    assert again.tolist() == [0, 2]
    assert shown == [100, 255]
    assert fake.tolist() == [150, 10, 255]
    assert real.tolist() == [0, 0, 0]
    assert logits.tolist() == [[150, -150], [10, -10], [255, -255]]
    for drawn, crop in zip(mask, crops, strict=True):
        np.testing.assert_array_equal(drawn, crop[..., 0])
    for output, kept in zip(first, before, strict=True):
        np.testing.assert_array_equal(output, kept)


def test_the_second_mask_is_turned_back_and_two_greys_are_averaged_without_overflow() -> None:
    crop = crop_of(200, 0)

    def look(mirrored: Sequence[Crop]) -> list[NDArray[Any]]:
        fake, real, mask, logits = left_heavy(mirrored)
        return [fake, real, np.maximum(mask, 101), logits]

    (_, _, (mask,), _), _ = look_again(left_heavy([crop]), [crop], 0.0, look)
    assert mask.dtype == np.uint8
    assert mask[0].tolist() == [200, 51, 51, 51]


def test_nothing_is_looked_at_twice_below() -> None:
    crops = [crop_of(10, 250)]
    first = left_heavy(crops)

    def never(mirrored: Sequence[Crop]) -> list[NDArray[Any]]:
        raise AssertionError(mirrored)

    outputs, again = look_again(first, crops, 10.0, never)
    assert not len(again)
    for output, kept in zip(outputs, first, strict=True):
        np.testing.assert_array_equal(output, kept)


def opened(model: ModelFile, second_look: float | None, runtime: Runtime) -> Session:
    return Session(looking_again(model, second_look), CPU, PLAN, runtime)


def test_a_session_gives_the_average_of_both_looks(model: ModelFile, runtime: Runtime) -> None:
    random = np.random.default_rng(3)
    crops = [random.integers(0, 256, (256, 256, 3), np.uint8) for _ in range(3)]
    once, twice = opened(model, None, runtime), opened(model, -2.0, runtime)
    first, mirrored = once.run(crops), once.run([crop[:, ::-1] for crop in crops])
    for one, other, both in zip(first, mirrored, twice.run(crops), strict=True):
        assert (one.looks, both.looks) == (1, 2)
        assert both.fake_activation == pytest.approx(
            (one.fake_activation + other.fake_activation) / 2, abs=1e-5
        )
        assert one.mask is not None
        assert other.mask is not None
        assert both.mask is not None
        expected = (one.mask.astype(int) + other.mask[:, ::-1]) / 2
        assert np.abs(both.mask - expected).max() <= 1


def test_a_session_looks_twice_only_at_what_is_above(model: ModelFile, runtime: Runtime) -> None:
    random = np.random.default_rng(4)
    crops = [random.integers(0, 256, (256, 256, 3), np.uint8) // (1 + 3 * i) for i in range(3)]
    once = opened(model, None, runtime).run(crops)
    differences = [each.fake_activation - each.real_activation for each in once]
    middle = sorted(differences)[1]
    looks = [each.looks for each in opened(model, middle + 1e-4, runtime).run(crops)]
    assert looks == [2 if difference > middle + 1e-4 else 1 for difference in differences]
    assert sum(looks) == 4


def test_a_mask_that_nobody_asked_for_is_not_given(model: ModelFile, runtime: Runtime) -> None:
    crops = [np.full((256, 256, 3), 90, np.uint8)]
    session = opened(model, -2.0, runtime)
    (drawn,) = session.run(crops)
    difference = drawn.fake_activation - drawn.real_activation
    assert drawn.mask is not None
    assert session.run(crops, difference + 1e-3)[0].mask is None
    assert session.run(crops, difference - 1e-3)[0].mask is not None
