"""Work for several processes is taken up no faster than its results are asked for."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from model_export.processes import in_order, process_pool, results_of
from tests.hostile_library import runs_what_lies_in

POOL = """
from model_export.processes import process_pool
if __name__ == "__main__":
    with process_pool(1) as pool:
        assert pool.submit(abs, -3).result() == 3
"""


def test_results_come_in_order_and_little_is_taken_up_before_it_is_asked_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(-20, 0):
            taken.append(number)
            yield number

    with process_pool(2) as pool:
        results = in_order(pool, abs, items(), ahead=3)
        assert list(islice(results, 2)) == [20, 19]
        assert len(taken) == 4
        assert list(results) == list(range(18, 0, -1))


@pytest.mark.parametrize("workers", [0, 2])
def test_with_workers_or_without_the_results_are_the_same(workers: int) -> None:
    assert list(results_of(abs, range(-20, 0), workers)) == list(range(20, 0, -1))


def test_no_process_runs_what_lies_in_the_current_folder(tmp_path: Path) -> None:
    assert not runs_what_lies_in(tmp_path, POOL)
