"""A batch gets the same answers whichever way it is run."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from service.inference.device import provider_options
from service.inference.model_file import ModelFile
from service.inference.quickest import pictures
from service.inference.runs import BoundRun, PlainRun, Run
from service.runtime import Runtime
from tests.service.conftest import CPU


def opened(model: ModelFile, runtime: Runtime) -> object:
    return runtime.open(model.content, provider_options(CPU, "float32"), threads=1)


def equal(one: list[NDArray[np.generic]], other: list[NDArray[np.generic]]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_bound_buffers_answer_as_plain_ones_do(model: ModelFile, runtime: Runtime) -> None:
    session = opened(model, runtime)
    plain: Run = PlainRun(session, model)
    bound: Run = BoundRun(session, model, CPU, 3, runtime)
    for seed in (1, 2):
        assert equal(bound(pictures(3, 256, seed)), plain(pictures(3, 256, seed)))


def test_the_floor_of_masks_holds_in_bound_buffers_too(model: ModelFile, runtime: Runtime) -> None:
    session = opened(model, runtime)
    bound = BoundRun(session, model, CPU, 2, runtime)
    shapes = [
        bound(pictures(2, 256, 7), floor)[2].shape for floor in (-math.inf, math.inf, -math.inf)
    ]
    assert shapes == [(2, 256, 256), (0, 256, 256), (2, 256, 256)]


def test_what_a_run_gave_is_not_overwritten_by_the_next(
    half_model: ModelFile, runtime: Runtime
) -> None:
    session = opened(half_model, runtime)
    bound = BoundRun(session, half_model, CPU, 1, runtime)
    first = bound(pictures(1, 256, 1))
    before = [array.copy() for array in first]
    second = bound(pictures(1, 256, 2))
    assert equal(first, before)
    assert not equal(first, second)


def test_fixed_outputs_have_their_promised_shapes(half_model: ModelFile, runtime: Runtime) -> None:
    session = opened(half_model, runtime)
    answers = BoundRun(session, half_model, CPU, 2, runtime)(pictures(2, 256, 7))
    assert equal(answers, PlainRun(session, half_model)(pictures(2, 256, 7)))
    for answer, tensor in zip(answers, half_model.spec.outputs.values(), strict=True):
        assert (answer.shape, answer.dtype.type) == ((2, *tensor.shape), tensor.dtype)


def test_another_number_of_crops_than_bound_is_an_error(model: ModelFile, runtime: Runtime) -> None:
    bound = BoundRun(opened(model, runtime), model, CPU, 2, runtime)
    with pytest.raises(ValueError, match="shape"):
        bound(pictures(1, 256, 7))


def test_a_model_with_optional_masks_is_not_captured(model: ModelFile, runtime: Runtime) -> None:
    with pytest.raises(ValueError, match="cannot be captured"):
        BoundRun(opened(model, runtime), model, CPU, 1, runtime, captured=True)
