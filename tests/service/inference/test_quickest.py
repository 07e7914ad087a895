"""The quickest way of running a batch is taken, if its answers are the plain one's."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from numpy.typing import NDArray

from service.inference.device import provider_options
from service.inference.model_file import ModelFile
from service.inference.quickest import quickest
from service.inference.runs import BoundRun, Crop, PlainRun, Run
from service.runtime import Runtime
from tests.service.conftest import CPU

SIZE = 256


class Changed:
    """A real run that takes longer, or whose answers are changed."""

    name = "changed"

    def __init__(
        self,
        run: Run,
        change: Callable[[list[NDArray[Any]]], list[NDArray[Any]]] = list,
        pause_s: float = 0.0,
    ) -> None:
        self._run, self._change, self._pause_s = run, change, pause_s

    def __call__(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        time.sleep(self._pause_s)
        return self._change(self._run(crops, mask_floor))


class Kept(Changed):
    """A real run that keeps its answers and takes so long to give them, on however busy cores."""

    def __init__(self, run: Run, pause_s: float) -> None:
        super().__init__(run)
        self._kept: dict[bytes, list[NDArray[Any]]] = {}
        self._takes_s = pause_s

    def __call__(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        asked = b"".join(crop.tobytes() for crop in crops)
        if asked not in self._kept:
            self._kept[asked] = super().__call__(crops, mask_floor)
        time.sleep(self._takes_s)
        return self._kept[asked]


@pytest.fixture
def plain(model: ModelFile, runtime: Runtime) -> PlainRun:
    session = runtime.open(model.content, provider_options(CPU, "float32"), threads=1)
    return PlainRun(session, model)


def test_a_quicker_run_with_the_same_answers_is_taken(
    plain: PlainRun, model: ModelFile, runtime: Runtime
) -> None:
    session = runtime.open(model.content, provider_options(CPU, "float32"), threads=1)
    slow = Changed(plain, pause_s=0.05)
    found = quickest(slow, [lambda: BoundRun(session, model, CPU, 2, runtime)], 2, SIZE)
    assert found.name == "bound"


@pytest.mark.parametrize("pause_s", [0.2, 0.1, 0.098])
def test_a_run_that_is_hardly_quicker_is_not_taken(plain: PlainRun, pause_s: float) -> None:
    slow = Kept(plain, pause_s=0.1)
    assert quickest(slow, [lambda: Kept(plain, pause_s)], 1, SIZE) is slow


def test_a_run_that_is_clearly_quicker_is_taken(plain: PlainRun) -> None:
    quick = Kept(plain, pause_s=0.08)
    assert quickest(Kept(plain, pause_s=0.1), [lambda: quick], 1, SIZE) is quick


@pytest.mark.parametrize(
    "change",
    [
        lambda answers: [answers[0] + 0.01, *answers[1:]],
        lambda answers: [*answers[:2], 255 - answers[2], *answers[3:]],
        lambda answers: [*answers[:2], 0 * answers[2], *answers[3:]],
        lambda answers: [*answers[:2], answers[2][:0], *answers[3:]],
    ],
)
def test_a_run_with_other_answers_is_not_taken(
    plain: PlainRun,
    change: Callable[[list[NDArray[Any]]], list[NDArray[Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Changed(plain, pause_s=0.05)
    with caplog.at_level(logging.WARNING):
        assert quickest(slow, [lambda: Changed(plain, change)], 1, SIZE) is slow
    assert "batches of 1 are not run changed: it gives other answers" in caplog.text


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kept", [0, -2])
def test_a_run_that_repeats_an_answer_is_not_taken(plain: PlainRun, count: int, kept: int) -> None:
    """What a graph does whose input was not copied: the first answer for ever, or the last one."""
    answers: list[list[NDArray[Any]]] = []

    def stale(fresh: list[NDArray[Any]]) -> list[NDArray[Any]]:
        answers.append(fresh)
        return answers[max(kept, -len(answers))]

    slow = Changed(plain, pause_s=0.05)
    assert quickest(slow, [lambda: Changed(plain, stale)], count, SIZE) is slow


def test_a_run_that_cannot_be_made_is_left_out_and_said(
    plain: PlainRun, model: ModelFile, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    session = runtime.open(model.content, provider_options(CPU, "float32"), threads=1)
    with caplog.at_level(logging.WARNING):
        found = quickest(plain, [lambda: BoundRun(session, model, CPU, 3, runtime)], 2, SIZE)
    assert found is plain
    assert "batches of 2 cannot be run bound: ValueError" in caplog.text


def test_a_plain_run_that_fails_is_an_error(plain: PlainRun) -> None:
    with pytest.raises(Exception, match="image"):
        quickest(plain, [], 1, SIZE // 2)


def test_a_plain_run_that_another_broke_is_an_error(plain: PlainRun) -> None:
    broken: list[bool] = []

    def fragile(answers: list[NDArray[Any]]) -> list[NDArray[Any]]:
        if broken:
            raise RuntimeError("an illegal memory access was encountered")
        return answers

    def breaks(answers: list[NDArray[Any]]) -> list[NDArray[Any]]:
        broken.append(True)
        raise RuntimeError("capture failed")

    with pytest.raises(RuntimeError, match="illegal memory access"):
        quickest(Changed(plain, fragile), [lambda: Changed(plain, breaks)], 1, SIZE)
