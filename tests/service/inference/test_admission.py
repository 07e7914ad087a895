"""Permits are counted in crops, always come back, and a refusal says when to return."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.errors import OverloadedError
from service.inference.admission import Admission, Permit
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
        permit.grow(5)
        assert admission.in_use == 5
        raise ZeroDivisionError
    assert admission.in_use == 0


def test_without_room_a_request_is_refused_and_the_refusal_counted(
    admission: Admission, refusals: list[str]
) -> None:
    with admission.permit() as permit:
        permit.grow(10)
        with pytest.raises(OverloadedError) as caught, admission.permit():
            pytest.fail("there was no room")
        assert caught.value.retry_after_s == 1
        assert refusals == ["capacity"]
        assert admission.in_use == 10


def test_looking_for_room_takes_none(admission: Admission, refusals: list[str]) -> None:
    admission.expect_room()
    assert admission.in_use == 0
    with admission.permit() as permit:
        permit.grow(10)
        with pytest.raises(OverloadedError):
            admission.expect_room()
        assert (admission.in_use, refusals) == (10, ["capacity"])


def test_growth_beyond_the_room_is_refused(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second:
        first.grow(8)
        with pytest.raises(OverloadedError):
            second.grow(3)
        assert admission.in_use == 9


def test_a_request_larger_than_the_house_may_have_it_alone(admission: Admission) -> None:
    with admission.permit() as permit:
        permit.grow(50)
        assert admission.in_use == 50


def test_work_half_done_is_never_refused(admission: Admission) -> None:
    with admission.permit() as first, admission.permit() as second:
        first.grow(9)
        second.settle(20)
        assert admission.in_use == 29
    assert admission.in_use == 0


def test_retry_after_follows_the_measured_rate(admission: Admission, clock: Clock) -> None:
    for _ in range(4):  # two crops a second
        with admission.permit():
            pass
        clock.seconds += 0.5
    with admission.permit() as permit:
        permit.grow(9)
        assert admission.retry_after_s() == 5, "rounded up"
        permit.grow(1000)
        assert admission.retry_after_s() == 60, "at most a minute"


def test_an_old_rate_is_forgotten(admission: Admission, clock: Clock) -> None:
    with admission.permit():
        pass
    clock.seconds += 1000.0
    with admission.permit() as permit:
        permit.grow(10)
        assert admission.retry_after_s() == 1


def test_what_asks_for_no_more_is_not_refused(admission: Admission, refusals: list[str]) -> None:
    with admission.permit() as picture, admission.permit() as clip:
        clip.settle(30)
        picture.grow(1)
        assert (admission.in_use, refusals) == (31, [])


def test_a_clip_without_faces_makes_room_for_all_that_it_had_asked_for(
    admission: Admission, clock: Clock
) -> None:
    for _ in range(4):  # ten crops' room in half a second each
        with admission.permit() as clip:
            clip.grow(10)
            clip.settle(0)
        clock.seconds += 0.5
    with admission.permit() as permit:
        permit.grow(10)
        assert admission.retry_after_s() == 1


def test_where_nothing_is_done_nobody_is_asked_back_at_once(
    admission: Admission, clock: Clock
) -> None:
    with admission.permit():
        clock.seconds += 25.0
        assert admission.retry_after_s() == 25
        clock.seconds += 1000.0
        assert admission.retry_after_s() == 60
    clock.seconds += 1000.0
    assert admission.retry_after_s() == 1


def test_who_is_refused_after_all_or_leaves_while_resting_is_no_work_done(
    admission: Admission, clock: Clock
) -> None:
    with admission.permit() as stuck:
        stuck.grow(9)
        clock.seconds += 25.0
        with pytest.raises(OverloadedError) as caught, admission.permit() as clip:
            clip.grow(2)
        assert caught.value.retry_after_s == 25
        with pytest.raises(ZeroDivisionError), admission.permit() as slow:
            slow.rest()
            raise ZeroDivisionError
        assert (admission.retry_after_s(), admission.in_use) == (25, 9)


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
        quick.grow(10)
        with pytest.raises(OverloadedError):
            slow.grow(1)
        quick.settle(5)
        slow.grow(1)
        assert admission.in_use == 6
    assert admission.in_use == 0


async def turns(count: int = 5) -> None:
    """Let every other task go on."""
    for _ in range(count):
        await asyncio.sleep(0)


def waiting(
    admission: Admission,
    scenario: Callable[[Permit, Permit, "asyncio.Task[None]"], Awaitable[Any]],
    *,
    pictures: int,
    frames: int,
) -> None:
    """Run a scenario in which pictures are in the house and a clip asks for room for its frames."""

    async def run() -> None:
        with admission.permit() as full, admission.permit() as clip:
            full.grow(pictures)
            claim = asyncio.create_task(clip.claim(frames))
            await turns()
            assert not claim.done()
            await scenario(full, clip, claim)
            await asyncio.gather(claim, return_exceptions=True)

    asyncio.run(run())
    assert admission.in_use == 0


def test_a_clip_is_kept_the_room_that_pictures_would_take_one_by_one(
    admission: Admission, refusals: list[str]
) -> None:
    async def scenario(full: Permit, clip: Permit, claim: "asyncio.Task[None]") -> None:
        for left in (7, 6, 5):
            full.settle(left)
            with pytest.raises(OverloadedError):
                admission.expect_room()
            await turns()
        assert claim.done()
        assert (clip.crops, admission.in_use) == (5, 10)
        assert refusals == ["capacity"] * 3

    waiting(admission, scenario, pictures=8, frames=5)


def test_a_clip_that_waits_in_vain_is_refused_and_leaves_the_room_to_others(
    admission: Admission, refusals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.inference.admission._PATIENCE_S", 0.01)

    async def scenario(full: Permit, clip: Permit, claim: "asyncio.Task[None]") -> None:
        with pytest.raises(OverloadedError):
            await claim
        assert (clip.crops, refusals) == (1, ["capacity"])
        admission.expect_room()

    waiting(admission, scenario, pictures=8, frames=5)


def test_a_clip_whose_client_leaves_while_it_waits_keeps_no_room(admission: Admission) -> None:
    async def scenario(full: Permit, clip: Permit, claim: "asyncio.Task[None]") -> None:
        claim.cancel()
        await turns()
        admission.expect_room()

    waiting(admission, scenario, pictures=8, frames=5)


def test_clips_do_not_keep_pictures_out_in_their_turn(admission: Admission) -> None:
    async def scenario(full: Permit, clip: Permit, claim: "asyncio.Task[None]") -> None:
        full.settle(4)
        with pytest.raises(OverloadedError):
            await clip_beside()
        await claim
        full.settle(5)  # the house is full again
        clip.settle(4)
        with pytest.raises(OverloadedError):
            await clip_beside()
        for _ in range(5):
            with admission.permit():
                pass
        later = asyncio.create_task(clip_beside())
        await turns()
        assert not later.done(), "as many others were let in: now it may wait"
        full.settle(1)
        await later

    async def clip_beside() -> None:
        with admission.permit() as permit:
            await permit.claim(5)

    waiting(admission, scenario, pictures=8, frames=5)


def test_what_is_larger_than_the_house_does_not_empty_it(admission: Admission) -> None:
    async def scenario() -> None:
        with admission.permit() as small, admission.permit() as large:
            small.grow(2)
            with pytest.raises(OverloadedError):
                await large.claim(50)

    asyncio.run(scenario())
