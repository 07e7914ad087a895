"""What prediction adds to logits is told by a track's own key frames, and made the usual."""

import numpy as np
import pytest

from service.verdict.prediction import levelled


def test_predicted_frames_lose_what_they_have_above_their_key_frames_but_for_the_usual() -> None:
    logits = [-3.0, *[-1.75] * 4, -3.0, -1.75]
    keys = [True, False, False, False, False, True, False]
    assert levelled(logits, keys) == pytest.approx([-3.0, *[-2.5] * 4, -3.0, -2.5])


def test_what_is_added_on_average_changes_nothing() -> None:
    logits = [-3.0, -2.5, -2.0, -3.0]
    assert levelled(logits, [True, False, False, False]) == pytest.approx(logits)


@pytest.mark.parametrize("key", [1.0, 4.0])
def test_where_key_frames_look_as_manipulated_or_more_the_others_rise(key: float) -> None:
    assert levelled([key, 1.0, 1.0], [True, False, False]) == pytest.approx([key, 1.5, 1.5])


@pytest.mark.parametrize("stored", [True, False])
def test_frames_of_one_kind_tell_nothing(stored: bool) -> None:
    assert levelled([0.3, -1.0, 2.0], [stored] * 3) == [0.3, -1.0, 2.0]
    assert levelled([0.3], [stored]) == [0.3]


def test_only_what_lies_beside_a_key_frame_tells() -> None:
    """A stretch that is manipulated far from the only key frame is no loss of detail."""
    logits = [-2.0, *[-1.5] * 4, *[3.0] * 10]
    assert levelled(logits, [True, *[False] * 14]) == pytest.approx(logits)


def test_four_frames_on_either_side_are_beside_it_and_key_frames_are_not() -> None:
    logits = [9.0, 0.0, 0.0, 0.0, 0.0, -1.0, -2.0, 0.0, 9.0]
    keys = [False, False, False, False, False, True, True, False, True]
    # 1 above the first key frame and 2 above the second.
    expected = [8.5, *[-0.5] * 4, -1.0, -2.0, -0.5, 9.0]
    assert levelled(logits[:8], keys[:8]) == pytest.approx(expected[:8])
    # The third has nothing but its like and 0 beside it, 9 lower: no reason to take anything off.
    raised = [9.5, *[0.5] * 4, -1.0, -2.0, 0.5, 9.0]
    assert levelled(logits, keys) == pytest.approx(raised)


def test_a_manipulation_that_begins_at_a_key_frame_is_not_taken_for_loss() -> None:
    logits = [-2.0, -1.5, -1.5, -1.5, -1.5, -2.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    keys = [place % 5 == 0 for place in range(10)] + [False]
    assert levelled(logits, keys) == pytest.approx(logits)


def test_of_many_key_frames_the_lower_quartile_is_believed() -> None:
    """Five scenes far apart, in each a key frame and what prediction adds: 0 to 2."""
    added = (2.0, 0.0, 1.0, 1.5, 0.5)
    logits = [level for each in added for level in (0.0, *[each] * 9)]
    keys = [True, *[False] * 9] * 5
    # Beside a key frame also lie the last four of the scene before it.
    around = sorted(
        np.mean([*[each] * 4, *before])
        for each, before in zip(added, ([], *[[a] * 4 for a in added]), strict=False)
    )
    expected = np.where(keys, logits, np.array(logits) - (around[1] - 0.5))
    assert levelled(logits, keys) == pytest.approx(expected.tolist())


def test_a_key_frame_that_shows_something_else_takes_one_unit_at_the_most() -> None:
    """A black picture, or a genuine frame before a fake: 1.5 is believed, half a unit is usual."""
    assert levelled([-50.0, 4.0, 4.0], [True, False, False]) == pytest.approx([-50.0, 3.0, 3.0])
