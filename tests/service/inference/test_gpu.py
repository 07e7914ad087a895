"""What needs a GPU: every way of running a batch there answers alike."""

from dataclasses import replace

import numpy as np
import pytest

from service.inference.device import Device, provider_options
from service.inference.model_file import ModelFile
from service.inference.quickest import pictures
from service.inference.runs import BoundRun, PlainRun
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.looks import looking_again


@pytest.mark.parametrize("captured", [False, True])
def test_bound_and_captured_runs_answer_as_plain_ones_do(
    captured: bool, gpu: Device, half_model: ModelFile, runtime: Runtime
) -> None:
    providers = provider_options(gpu, "float16", graphs=True)
    session = runtime.open(half_model.content, providers, threads=1)
    expected = PlainRun(session, half_model, runtime.run_options(graph=None))(pictures(4, 256, 7))
    run = BoundRun(session, half_model, gpu, 4, runtime, captured=captured)
    for seed in (1, 2, 7):
        answers = run(pictures(4, 256, seed))
    for answer, wanted in zip(answers, expected, strict=True):
        tolerance = 2 if wanted.dtype == np.uint8 else 1e-3
        assert np.allclose(answer.astype(float), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("graphs", [False, True])
def test_a_warm_session_has_a_way_for_each_batch_size(
    graphs: bool, gpu: Device, half_model: ModelFile, runtime: Runtime
) -> None:
    session = Session(half_model, gpu, replace(PLAN, graphs=graphs), runtime)
    session.warm()
    assert list(session.ways) == list(PLAN.buckets)
    if not graphs:
        assert "captured" not in session.ways.values()


def test_a_gpu_and_the_cpu_judge_alike(gpu: Device, model: ModelFile, runtime: Runtime) -> None:
    on_gpu, on_cpu = (
        Session(looking_again(model, None), device, PLAN, runtime) for device in (gpu, CPU)
    )
    on_gpu.warm()
    for one, other in zip(
        on_gpu.run(pictures(3, 256, 7)), on_cpu.run(pictures(3, 256, 7)), strict=True
    ):
        assert one.fake_activation == pytest.approx(other.fake_activation, abs=1e-3)
        assert one.real_activation == pytest.approx(other.real_activation, abs=1e-3)
        assert one.mask is not None
        assert other.mask is not None
        assert np.abs(one.mask.astype(int) - other.mask).max() <= 2


def test_a_second_look_leaves_the_first_as_it_was(
    gpu: Device, half_model: ModelFile, runtime: Runtime
) -> None:
    """Bound and captured runs use the same buffers for both."""
    once, twice = (
        Session(looking_again(half_model, above), gpu, PLAN, runtime) for above in (None, -2.0)
    )
    for session in (once, twice):
        session.warm()
    crops = list(pictures(4, 256, 7))
    first, mirrored = once.run(crops), once.run([crop[:, ::-1] for crop in crops])
    for one, other, both in zip(first, mirrored, twice.run(crops), strict=True):
        average = (one.fake_activation + other.fake_activation) / 2
        assert both.fake_activation == pytest.approx(average, abs=1e-3)
