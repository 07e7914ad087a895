"""The pool judges, isolates poison, and forgets the cancelled; see also `test_pool_faults`."""

import asyncio
import math
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import ConfigurationError, DeadlineExceededError, UnmaskError
from service.inference.batcher import BatchQueue
from service.inference.device import Device
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool, Judgement
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.looks import looking_again
from tests.service.media.worker_pool import until

GOOD: NDArray[np.uint8] = np.full((256, 256, 3), 90, np.uint8)
POISON: NDArray[np.uint8] = np.full((64, 64, 3), 90, np.uint8)
LATER = 60.0


class Counts:
    def __init__(self) -> None:
        self.batches: list[int] = []
        self.second_looks = 0
        self.restarts = 0
        self.restarted = asyncio.Event()

    def batch_done(self, crops: int, second_looks: int) -> None:
        self.batches.append(crops)
        self.second_looks += second_looks

    def worker_restarted(self) -> None:
        self.restarts += 1
        self.restarted.set()


@asynccontextmanager
async def started(
    open_session: Callable[[Device], Session], devices: Sequence[Device] = (CPU,)
) -> AsyncIterator[tuple[InferencePool, Counts]]:
    counts = Counts()
    pool = InferencePool(devices, open_session, BatchQueue(), counts)
    try:
        await pool.start()
        yield pool, counts
    finally:
        await pool.stop()


def later() -> float:
    return asyncio.get_running_loop().time() + LATER


def test_evidence_comes_in_the_order_of_the_crops(
    open_session: Callable[[Device], Session], session: Session
) -> None:
    crops = [np.full((256, 256, 3), value, np.uint8) for value in range(0, 250, 10)]

    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            judgement = await pool.judge(crops, later())
            expected = [session.run([crop])[0].fake_activation for crop in crops]
            found = [evidence.fake_activation for evidence in judgement.evidence]
            assert found == pytest.approx(expected, abs=1e-3)
            assert sum(counts.batches) == len(crops)
            assert max(counts.batches) > 1

    asyncio.run(scenario())


def test_no_face_stays_once_it_is_judged(open_session: Callable[[Device], Session]) -> None:
    """Nobody else may come for hours."""

    async def scenario() -> None:
        async with started(open_session) as (pool, _):
            crops = [GOOD.copy() for _ in range(6)]
            left = [weakref.ref(crop) for crop in crops]
            await pool.judge(crops, later())
            crops.clear()
            # The thread lets go a moment after it has told.
            await until(lambda: all(face() is None for face in left), 5)

    asyncio.run(scenario())


def test_second_looks_are_counted(model: ModelFile, runtime: Runtime) -> None:
    eager = looking_again(model, -2.0)

    async def scenario() -> None:
        async with started(lambda device: Session(eager, device, PLAN, runtime)) as (pool, counts):
            judgement = await pool.judge([GOOD] * 3, later())
            assert [each.looks for each in judgement.evidence] == [2, 2, 2]
            assert counts.second_looks == 3

    asyncio.run(scenario())


def test_a_batch_has_masks_when_one_of_its_crops_wants_one(
    open_session: Callable[[Device], Session],
) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            (none,) = (await pool.judge([GOOD], later(), mask_floor=math.inf)).evidence
            assert none.mask is None
            both = await asyncio.gather(
                pool.judge([GOOD], later(), mask_floor=math.inf), pool.judge([GOOD], later())
            )
            assert both[1].evidence[0].mask is not None
            # The two met in one batch, or the first had one of its own.
            assert (both[0].evidence[0].mask is None) == (counts.batches == [1, 1, 1])

    asyncio.run(scenario())


def test_no_crops_need_no_device(open_session: Callable[[Device], Session]) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            assert (await pool.judge([], later())).evidence == ()
            assert counts.batches == []

    asyncio.run(scenario())


def test_a_poisoned_crop_fails_its_own_request_alone(
    open_session: Callable[[Device], Session],
) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            requests = [[GOOD]] * 5 + [[POISON]] + [[GOOD]] * 5
            outcomes = await asyncio.gather(
                *(pool.judge(crops, later()) for crops in requests), return_exceptions=True
            )
            failed = [isinstance(outcome, BaseException) for outcome in outcomes]
            assert failed == [False] * 5 + [True] + [False] * 5
            assert isinstance(outcomes[5], UnmaskError)
            assert counts.restarts == 0
            assert pool.problem() is None

    asyncio.run(scenario())


def test_a_storm_of_cancelled_requests_leaves_nothing_behind(
    open_session: Callable[[Device], Session],
) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            storm = [asyncio.create_task(pool.judge([GOOD] * 2, later())) for _ in range(1000)]
            await asyncio.sleep(0.05)
            for each in storm:
                each.cancel()
            outcomes = await asyncio.gather(*storm, return_exceptions=True)
            ended = (asyncio.CancelledError, Judgement)
            assert all(isinstance(outcome, ended) for outcome in outcomes)
            assert any(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            assert pool.queued_crops == 0
            assert len((await pool.judge([GOOD], later())).evidence) == 1
            assert sum(counts.batches) < 2000

    asyncio.run(scenario())


def test_a_passed_deadline_ends_the_wait(open_session: Callable[[Device], Session]) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, _):
            with pytest.raises(DeadlineExceededError):
                await pool.judge([GOOD], asyncio.get_running_loop().time() - 1.0)
            assert pool.queued_crops == 0

    asyncio.run(scenario())


def test_a_session_that_cannot_be_opened_ends_the_start(model: ModelFile, runtime: Runtime) -> None:
    gpu = Device("cuda", 0)
    if gpu.provider in runtime.providers():
        pytest.skip("this ONNX Runtime is built for GPUs")

    async def scenario() -> None:
        async with started(lambda _: Session(model, gpu, PLAN, runtime)):
            pass

    with pytest.raises(ConfigurationError, match="cuda:0"):
        asyncio.run(scenario())
