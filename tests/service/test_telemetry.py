"""What is counted of a batch."""

from service.telemetry import Telemetry


def test_a_batch_counts_its_crops_once_and_its_second_looks_apart() -> None:
    telemetry = Telemetry()
    telemetry.batch_done(3, 2)
    telemetry.batch_done(1, 0)
    told = telemetry.exposition().decode().splitlines()
    assert "unmask_crops_total 4.0" in told
    assert "unmask_second_looks_total 2.0" in told
    assert "unmask_batch_size_sum 4.0" in told
    assert "unmask_batch_size_count 2.0" in told
