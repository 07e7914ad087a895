"""What fine-tuning learns from, and what it holds out."""

import numpy as np
import pytest

from model_export.finetune import (
    FinetuneConfig,
    split_groups,
)
from model_export.sources.sample import Sample


def test_a_real_and_what_was_made_from_it_are_never_divided() -> None:
    crop = np.zeros((8, 8, 3), np.uint8)
    pairs = [
        Sample(crop, fake, "x" if fake else None, None, f"{fake} {number}", origin=str(number))
        for number in range(10)
        for fake in (False, True)
    ]
    learned, held_out = split_groups(pairs, FinetuneConfig(held_out=0.3))
    assert len(held_out) == 6
    assert not {s.origin for s in learned} & {s.origin for s in held_out}


def test_a_person_is_never_in_both_parts() -> None:
    crop = np.zeros((8, 8, 3), np.uint8)
    pairs = [
        Sample(
            crop, fake, None, None, f"{fake} {number}", origin=str(number), person=f"{number % 5}"
        )
        for number in range(40)
        for fake in (False, True)
    ]
    learned, held_out = split_groups(pairs, FinetuneConfig(held_out=0.2))
    assert {s.person for s in learned} | {s.person for s in held_out} == set("01234")
    assert not {s.person for s in learned} & {s.person for s in held_out}


def test_of_one_person_pictures_are_divided() -> None:
    crop = np.zeros((8, 8, 3), np.uint8)
    pairs = [
        Sample(crop, fake, None, None, f"{fake} {number}", origin=str(number), person="0")
        for number in range(4)
        for fake in (False, True)
    ]
    learned, held_out = split_groups(pairs, FinetuneConfig())
    assert (len(learned), len(held_out)) == (6, 2)
    assert not {s.origin for s in learned} & {s.origin for s in held_out}


@pytest.mark.parametrize("seed", range(8))
def test_clips_that_hold_both_classes_leave_some_of_each_to_learn_from(seed: int) -> None:
    crop = np.zeros((8, 8, 3), np.uint8)
    mixed = [
        Sample(crop, fake, None, None, group) for group in ("a", "b") for fake in (False, True)
    ]
    for clips in (mixed, [*mixed, Sample(crop, False, None, None, "c")]):
        for part in split_groups(clips, FinetuneConfig(seed=seed)):
            assert {s.fake for s in part} == {False, True}
