"""What is counted of batches, reports, losses and stages."""

from contextlib import suppress
from typing import get_args

from service.errors import UnmaskError
from service.media.process import Loss
from service.telemetry import Ending, Stage, Telemetry
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.service.verdict.faces import SPEC, evidence, extraction, face


def lines(telemetry: Telemetry) -> list[str]:
    return telemetry.exposition.text().decode().splitlines()


def test_a_batch_counts_its_crops_once_and_its_second_looks_apart() -> None:
    telemetry = Telemetry()
    telemetry.batch_done(3, 2)
    telemetry.batch_done(1, 0)
    told = lines(telemetry)
    assert "unmask_crops_total 4.0" in told
    assert "unmask_second_looks_total 2.0" in told
    assert "unmask_batch_size_sum 4.0" in told
    assert "unmask_batch_size_count 2.0" in told


def test_methods_are_counted_of_what_is_called_manipulated() -> None:
    telemetry = Telemetry()
    for logit in (5.0, 0.0, -5.0):
        found = [evidence(logit, methods=(9.0, 0.0, 0.0))]
        telemetry.reported(build_report(extraction([face()]), found, SPEC, SupportRule(32, 1.0)))
    told = lines(telemetry)
    assert [line for line in told if line.startswith("unmask_methods_total{")] == [
        'unmask_methods_total{method="deepfakes"} 1.0'
    ]
    assert "unmask_fake_probability_count 3.0" in told


def test_each_loss_and_ending_is_counted_by_its_reason() -> None:
    telemetry = Telemetry()
    for loss in get_args(Loss):
        telemetry.media_worker_lost(loss)
    for ending in get_args(Ending):
        telemetry.connection_ended(ending)
    told = lines(telemetry)
    for loss in get_args(Loss):
        assert f'unmask_worker_restarts_total{{pool="media",reason="{loss}"}} 1.0' in told
    for ending in get_args(Ending):
        assert f'unmask_connections_ended_total{{reason="{ending}"}} 1.0' in told


def test_a_stage_is_timed_however_it_ends() -> None:
    telemetry = Telemetry()
    with suppress(ZeroDivisionError), telemetry.passing("media"):
        raise ZeroDivisionError
    told = lines(telemetry)
    assert 'unmask_stage_seconds_count{stage="media"} 1.0' in told
    assert 'unmask_stage_in_flight_requests{stage="media"} 0.0' in told


def test_what_has_not_happened_is_nought_and_not_missing() -> None:
    """`rate()` does not see a series that comes with its first event."""
    told = lines(Telemetry())
    ways = [("499", "none"), ("404", "not_found"), ("405", "method_not_allowed")]
    ways += [("400", "bad_request"), ("431", "request_header_fields_too_large")]
    kinds: list[type[UnmaskError]] = [UnmaskError, *UnmaskError.__subclasses__()]
    ways += [(str(kind.status), kind.code) for kind in kinds]
    for status, code in ways:
        labels = f'code="{code}",status="{status}",verdict="none"'
        assert f"unmask_requests_total{{{labels}}} 0.0" in told
    for status in {"200", *(status for status, _ in ways)}:
        assert f'unmask_request_seconds_count{{status="{status}"}} 0.0' in told
    for stage in get_args(Stage):
        assert f'unmask_stage_seconds_count{{stage="{stage}"}} 0.0' in told
    flying = [line for line in told if line.startswith("unmask_stage_in_flight_requests{")]
    stages = set(get_args(Stage)) - {"queue"}
    assert {f'unmask_stage_in_flight_requests{{stage="{stage}"}} 0.0' for stage in stages} == {
        *flying
    }, "who waits in the queue is counted under inference"
