"""Permits are counted in crops and always come back; a quarter is kept for either kind."""

from contextlib import ExitStack

import pytest

from service.errors import OverloadedError
from service.inference.admission import Admission, Kind
from tests.service.inference.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
def admission(clock: Clock, refusals: list[str]) -> Admission:
    return Admission(10, 1000, clock, refusals.append)


def test_a_permit_comes_back_however_its_work_ends(admission: Admission) -> None:
    with pytest.raises(ZeroDivisionError), admission.permit() as permit:
        permit.grow(5, Kind.CLIP)
        assert admission.in_use == 5
        raise ZeroDivisionError
    assert admission.in_use == 0


def test_without_room_a_request_is_refused_and_the_refusal_counted(
    admission: Admission, refusals: list[str]
) -> None:
    with admission.permit() as permit:
        permit.grow(10, Kind.PICTURE)
        with pytest.raises(OverloadedError) as caught, admission.permit():
            pytest.fail("there was no room")
        assert caught.value.retry_after_s == 1
        assert refusals == ["capacity"]
        assert admission.in_use == 10


def test_looking_for_room_takes_none(admission: Admission, refusals: list[str]) -> None:
    admission.expect_room()
    assert admission.in_use == 0
    with admission.permit() as permit:
        permit.grow(10, Kind.PICTURE)
        with pytest.raises(OverloadedError):
            admission.expect_room()
        assert (admission.in_use, refusals) == (10, ["capacity"])


def test_growth_beyond_the_room_is_refused(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second:
        first.grow(8, Kind.CLIP)
        with pytest.raises(OverloadedError):
            second.grow(3, Kind.CLIP)
        assert admission.in_use == 9


def test_a_request_larger_than_the_house_may_have_it_alone(admission: Admission) -> None:
    with admission.permit() as permit:
        permit.grow(50, Kind.CLIP)
        assert admission.in_use == 50


def test_work_half_done_is_never_refused(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second:
        first.grow(8, Kind.CLIP)
        second.settle(20)
        assert admission.in_use == 28
    assert admission.in_use == 0


def test_what_asks_for_no_more_is_not_refused(admission: Admission, refusals: list[str]) -> None:
    with admission.permit() as picture, admission.permit() as clip:
        clip.settle(30)
        picture.grow(1, Kind.PICTURE)
        assert (admission.in_use, refusals) == (31, [])


def test_the_bytes_of_an_upload_come_back_however_its_work_ends(admission: Admission) -> None:
    with pytest.raises(ZeroDivisionError), admission.upload() as hold:
        hold.add(300)
        hold.add(400)
        assert admission.bytes_in_use == 700
        raise ZeroDivisionError
    assert admission.bytes_in_use == 0


def test_bytes_beyond_the_room_are_refused_and_what_is_there_stays(
    admission: Admission, refusals: list[str]
) -> None:
    with admission.upload() as first, admission.upload() as second:
        first.add(600)
        second.add(400)
        with pytest.raises(OverloadedError) as caught:
            second.add(1)
        assert caught.value.retry_after_s == 1
        assert refusals == ["memory"]
        assert (admission.bytes_in_use, first.count, second.count) == (1000, 600, 400)


def test_an_upload_larger_than_the_house_may_have_it_alone(admission: Admission) -> None:
    with admission.upload() as first, admission.upload() as second:
        first.add(900)
        first.add(900)
        with pytest.raises(OverloadedError):
            second.add(1)


def test_who_rests_makes_room_and_asks_anew(admission: Admission) -> None:
    with admission.permit() as slow, admission.permit() as quick:
        slow.rest()
        quick.grow(10, Kind.PICTURE)
        with pytest.raises(OverloadedError):
            slow.grow(1, Kind.PICTURE)
        quick.settle(5)
        slow.grow(1, Kind.PICTURE)
        assert admission.in_use == 6
    assert admission.in_use == 0


def test_a_quarter_is_kept_for_clips_however_many_pictures_come(admission: Admission) -> None:
    with ExitStack() as house:
        for _ in range(8):
            house.enter_context(admission.permit())
        with pytest.raises(OverloadedError):
            house.enter_context(admission.permit())
        assert admission.in_use == 8


def test_a_clip_gets_in_beside_pictures_where_there_is_no_other(admission: Admission) -> None:
    with ExitStack() as house:
        first, second, *_ = [house.enter_context(admission.permit()) for _ in range(8)]
        first.grow(5, Kind.CLIP)
        assert admission.in_use == 12
        with pytest.raises(OverloadedError):
            second.grow(2, Kind.CLIP)
        with pytest.raises(OverloadedError):
            admission.expect_room()


def test_one_that_wants_more_than_half_of_the_house_has_no_such_right(
    admission: Admission,
) -> None:
    with admission.permit() as clip, ExitStack() as house:
        for _ in range(5):
            house.enter_context(admission.permit())
        with pytest.raises(OverloadedError):
            clip.grow(6, Kind.CLIP)
        assert (clip.crops, admission.in_use) == (1, 6)


def test_of_any_house_it_is_a_quarter(clock: Clock) -> None:
    admission = Admission(16, 1000, clock, lambda _: None)
    with ExitStack() as house:
        for _ in range(12):
            house.enter_context(admission.permit())
        with pytest.raises(OverloadedError):
            admission.expect_room()


def test_a_clip_stays_one_however_few_crops_it_needs(admission: Admission) -> None:
    """It waits where clips wait, so it takes none of the pictures' room."""
    with ExitStack() as house:
        clips = [house.enter_context(admission.permit()) for _ in range(7)]
        for clip in clips:
            clip.grow(1, Kind.CLIP)
        clips[0].settle(0)
        pictures = [house.enter_context(admission.permit()) for _ in range(3)]
        assert ([clip.crops for clip in clips], admission.in_use) == ([1] * 7, 10)
        with pytest.raises(OverloadedError):
            house.enter_context(admission.permit())
        pictures[0].settle(2)
        with pytest.raises(OverloadedError):
            admission.expect_room()
    assert admission.in_use == 0


def test_a_clip_of_one_crop_is_refused_where_clips_fill_all_but_the_rest(
    admission: Admission,
) -> None:
    with ExitStack() as house:
        clip = house.enter_context(admission.permit())
        clip.grow(8, Kind.CLIP)
        with pytest.raises(OverloadedError), admission.permit() as other:
            other.grow(1, Kind.CLIP)
        admission.expect_room()


def test_a_picture_of_several_faces_stays_one(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second, admission.permit() as third:
        for picture in (first, second):
            picture.settle(4)
        with pytest.raises(OverloadedError):
            admission.expect_room()
        third.grow(2, Kind.CLIP)
        assert admission.in_use == 10


def test_pictures_get_their_quarter_however_many_faces_a_clip_shows(admission: Admission) -> None:
    with ExitStack() as house:
        clip = house.enter_context(admission.permit())
        clip.grow(1, Kind.CLIP)
        clip.settle(40)
        for _ in range(2):
            house.enter_context(admission.permit())
        with pytest.raises(OverloadedError):
            admission.expect_room()
        assert admission.in_use == 42


def test_clips_get_theirs_however_many_faces_a_picture_shows(admission: Admission) -> None:
    with ExitStack() as house:
        picture, first, second = [house.enter_context(admission.permit()) for _ in range(3)]
        picture.settle(40)
        for clip in (first, second):
            clip.grow(1, Kind.CLIP)
        with pytest.raises(OverloadedError):
            second.grow(2, Kind.CLIP)
        assert admission.in_use == 42


def test_a_quarter_is_kept_for_pictures_however_many_clips_come(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second:
        first.grow(4, Kind.CLIP)
        with pytest.raises(OverloadedError):
            second.grow(5, Kind.CLIP)
        second.grow(4, Kind.CLIP)
        with admission.permit(), admission.permit():
            assert admission.in_use == 10
            with pytest.raises(OverloadedError):
                admission.expect_room()
    assert admission.in_use == 0
