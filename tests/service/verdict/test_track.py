"""What the frames of one face say together."""

import pytest

from service.inference.model_file import Thresholds
from service.verdict.track import Weighed, levelled_where_good, weigh

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def test_only_good_crops_are_levelled_and_only_by_one_another() -> None:
    logits, keys = [-9.0, 1.0, -1.0, 1.0, 5.0], [True, False, True, False, False]
    good = [False, True, True, True, False]
    assert levelled_where_good(logits, keys, good) == [-9.0, 0.0, -1.0, 0.0, 5.0]
    assert levelled_where_good(logits, keys, [False] * 5) == logits


def test_poor_crops_have_no_vote_where_there_is_a_good_one() -> None:
    assert weigh([9.0, 2.0], [1, 1], [False, True], THRESHOLDS) == Weighed(2.0, 1.0, (1,))
    assert weigh([9.0, 2.0], [1, 1], [False, False], THRESHOLDS) == Weighed(5.5, 1.0, (0, 1))


def test_frames_weigh_for_as_long_as_they_stand() -> None:
    assert weigh([3.0, 1.0], [3, 1], [True, True], THRESHOLDS).logit == pytest.approx(2.5)


def test_what_contradicts_itself_comes_to_the_middle() -> None:
    flips = weigh([4.0, -4.0] * 4, [1] * 8, [True] * 8, THRESHOLDS)
    assert (flips.logit, flips.agreement) == (0.0, 0.0)
    # Poor crops do not contradict good ones.
    good = [True, True, False, False] * 2
    found = weigh([4.0, 4.0, -4.0, -4.0] * 2, [1] * 8, good, THRESHOLDS)
    assert found == Weighed(4.0, 1.0, (0, 1, 4, 5))


def test_frames_without_room_for_a_face_count_as_those_in_which_it_passes_nothing() -> None:
    good = [False, True, False, False]
    assert weigh([-4.0, 4.0, -4.0, -4.0], [1] * 4, good, THRESHOLDS).voters == (1,)
    crowded = weigh([-4.0, 4.0, -4.0, -4.0], [1] * 4, good, THRESHOLDS, crowded_out=12)
    assert crowded.voters == (0, 1, 2, 3)
    # Four frames that were kept of sixteen are the quarter by which such a clip is judged.
    fits = [True] * 4
    assert weigh([0.0, 0.0, 0.5, 0.5], [1] * 4, fits, THRESHOLDS).logit == pytest.approx(0.5)
    assert weigh([0.0, 0.0, 0.5, 0.5], [1] * 4, fits, THRESHOLDS, 12).logit == pytest.approx(0.25)
    assert weigh([0.0, 0.0, 0.5, 0.5], [1] * 4, fits, THRESHOLDS, 90).logit == pytest.approx(0.25)


def test_frames_that_hardly_last_are_put_together_as_well() -> None:
    found = weigh([1.0, 1.0, 1.0], [1e-9, 1.0, 1e-9], [True] * 3, THRESHOLDS, crowded_out=9)
    assert found.logit == pytest.approx(1.0)


def test_single_frames_that_just_pass_do_not_speak_for_the_rest() -> None:
    good = [place % 5 == 0 for place in range(16)]
    logits = [4.0 if fits else -2.0 for fits in good]
    found = weigh(logits, [1] * 16, good, THRESHOLDS)
    assert found.voters == tuple(range(16))
    assert found.logit < 0
