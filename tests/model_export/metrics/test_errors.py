"""Errors at a threshold and their intervals."""

import numpy as np
import pytest

from model_export.metrics.errors import Rate, errors_at


def test_the_interval_is_the_exact_one_of_the_tables() -> None:
    # Clopper and Pearson for 2 of 10: 0.0252 to 0.5561.
    rate = Rate.of(np.array([True] * 2 + [False] * 8))
    assert (rate.errors, rate.count, rate.rate) == (2, 10, 0.2)
    assert rate.low == pytest.approx(0.0252, abs=1e-4)
    assert rate.high == pytest.approx(0.5561, abs=1e-4)


def test_no_error_in_few_trials_is_no_proof() -> None:
    rate = Rate.of(np.zeros(20, bool))
    assert rate.low == 0
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_each_method_has_its_own_miss_rate() -> None:
    fake = np.array([0.9, 0.4, 0.5, 0.6, 0.1])
    methods = np.array(["swap", "swap", "edit", "edit", "edit"])
    real, alone = np.array([0.2, 0.5, 0.1, 0.0]), np.array([*"abcde"])
    errors = errors_at(0.5, fake, methods, real, fake_kin=alone, real_kin=alone[:4])
    assert (errors.apcer["swap"].errors, errors.apcer["swap"].count) == (1, 2)
    assert (errors.apcer["edit"].errors, errors.apcer["edit"].count) == (1, 3)
    assert errors.bpcer.rate == 0.25
    assert errors.hter == pytest.approx((0.4 + 0.25) / 2)
    assert errors.accuracy == pytest.approx(6 / 9)


def test_a_rate_needs_trials() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rate.of(np.array([], bool))


def test_frames_of_one_clip_tell_as_much_as_one_frame_when_they_are_wrong_together() -> None:
    clips = np.array([True] * 3 + [False] * 17)
    frames, kin = np.repeat(clips, 50), np.repeat(np.arange(20).astype(str), 50)
    alone, together = Rate.of(clips), Rate.of(frames, kin)
    assert together.count == 1000
    assert together.rate == alone.rate
    assert together.low == pytest.approx(alone.low, abs=0.01)
    assert together.high == pytest.approx(alone.high, abs=0.03)
    assert Rate.of(frames).high - Rate.of(frames).low < 0.3 * (together.high - together.low)


def test_frames_that_are_wrong_by_themselves_tell_almost_as_much_as_pictures() -> None:
    wrong = np.random.default_rng(0).random(2000) < 0.2
    pictures, frames = Rate.of(wrong), Rate.of(wrong, np.repeat(np.arange(100).astype(str), 20))
    assert frames.high - frames.low == pytest.approx(pictures.high - pictures.low, rel=0.15)


def test_pictures_that_are_nobodys_kin_have_the_exact_interval() -> None:
    wrong = np.array([True] * 2 + [False] * 8)
    rate = Rate.of(wrong, np.arange(10).astype(str))
    assert (rate.low, rate.high) == pytest.approx((Rate.of(wrong).low, Rate.of(wrong).high))


@pytest.mark.parametrize("wrong", [False, True])
def test_a_clip_without_an_error_is_one_clip_however_long_it_is(wrong: bool) -> None:
    clips, frames = np.full(12, wrong), np.full(1200, wrong)
    assert Rate.of(frames, np.repeat(np.arange(12).astype(str), 100)).low == Rate.of(clips).low
    one = Rate.of(frames, np.zeros(1200).astype(str))
    assert one.high - one.low == pytest.approx(0.975)


def test_frames_of_one_clip_alone_tell_next_to_nothing_of_others() -> None:
    rate = Rate.of(np.arange(200) < 60, np.zeros(200).astype(str))
    assert (rate.errors, rate.count) == (60, 200)
    assert rate.high - rate.low > 0.9


@pytest.mark.parametrize("clips", [5, 40])
def test_an_interval_covers_the_rate_of_clips_that_differ_as_often_as_it_says(clips: int) -> None:
    rng, covered = np.random.default_rng(1), 0
    kin = np.repeat(np.arange(clips).astype(str), 25)
    for _ in range(400):
        # Clips whose frames are wrong with a chance of their own, 0.2 on average.
        wrong = rng.random(25 * clips) < np.repeat(rng.beta(0.5, 2.0, clips), 25)
        rate = Rate.of(wrong, kin)
        covered += rate.low <= 0.2 <= rate.high
    assert covered / 400 >= 0.93


def test_clips_that_are_alike_tell_no_more_than_as_many_pictures() -> None:
    wrong = np.tile(np.arange(10) < 2, 20)
    wrong[:2], wrong[12] = (True, False), True
    frames = Rate.of(wrong, np.repeat(np.arange(20).astype(str), 10))
    assert (frames.low, frames.high) == (Rate.of(wrong).low, Rate.of(wrong).high)


def test_frames_of_one_clip_are_kin_in_every_rate() -> None:
    fake, methods = np.repeat([0.9, 0.1], [30, 70]), np.repeat(["swap", "edit"], [30, 70])
    kin, real = np.repeat([*"abcdefghij"], 10), np.zeros(100)
    errors = errors_at(0.5, fake, methods, real, fake_kin=kin, real_kin=kin)
    assert errors.apcer["swap"].high == pytest.approx(1 - 0.025 ** (1 / 3)), "three clips"
    assert errors.apcer["edit"].low == pytest.approx(0.025 ** (1 / 7))
    assert errors.bpcer.high == pytest.approx(1 - 0.025 ** (1 / 10))
