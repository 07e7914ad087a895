"""The quickest way of running a batch is taken, if its answers are the plain one's."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.inference.device import provider_options
from service.inference.model_file import ModelFile
from service.inference.quickest import quickest
from service.inference.runs import BoundRun, Crop, PlainRun, Run
from service.runtime import Runtime
from tests.service.conftest import CPU
from tests.service.inference.test_runs import noise


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


@pytest.fixture
def plain(model: ModelFile, runtime: Runtime) -> PlainRun:
    return PlainRun(runtime.open(model.content, provider_options(CPU), threads=1), model)


def test_a_quicker_run_with_the_same_answers_is_taken(
    plain: PlainRun, model: ModelFile, runtime: Runtime
) -> None:
    session = runtime.open(model.content, provider_options(CPU), threads=1)
    slow = Changed(plain, pause_s=0.05)
    found = quickest(slow, [lambda: BoundRun(session, model, CPU, 2, runtime)], noise(2))
    assert found.name == "bound"


def test_a_slower_run_is_not_taken(plain: PlainRun) -> None:
    assert quickest(plain, [lambda: Changed(plain, pause_s=0.05)], noise(1)) is plain


@pytest.mark.parametrize(
    "change",
    [
        lambda answers: [answers[0] + 0.01, *answers[1:]],
        lambda answers: [*answers[:2], 255 - answers[2], *answers[3:]],
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
        assert quickest(slow, [lambda: Changed(plain, change)], noise(1)) is slow
    assert "batches of 1 are not run changed: it gives other answers" in caplog.text


def test_a_run_that_repeats_its_last_answer_is_not_taken(plain: PlainRun) -> None:
    """What a graph does whose input was not copied."""
    answers: list[list[NDArray[Any]]] = []

    def stale(fresh: list[NDArray[Any]]) -> list[NDArray[Any]]:
        answers.append(fresh)
        return answers[-2] if len(answers) > 1 else fresh

    slow = Changed(plain, pause_s=0.05)
    assert quickest(slow, [lambda: Changed(plain, stale)], noise(2)) is slow


def test_a_run_that_cannot_be_made_is_left_out_and_said(
    plain: PlainRun, model: ModelFile, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    session = runtime.open(model.content, provider_options(CPU), threads=1)
    with caplog.at_level(logging.WARNING):
        found = quickest(plain, [lambda: BoundRun(session, model, CPU, 3, runtime)], noise(2))
    assert found is plain
    assert "batches of 2 run without a faster way: " in caplog.text


def test_a_plain_run_that_fails_is_an_error(plain: PlainRun) -> None:
    with pytest.raises(ValueError, match="shape"):
        quickest(plain, [], [np.zeros((256, 256, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)])
