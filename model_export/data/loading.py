"""Pairs made by other processes, in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch.utils.data import DataLoader, Dataset

from model_export.data.forge import Pair
from model_export.data.pairs import Batch, PairDataset, collate
from model_export.processes import START_METHOD

_Made = TypeVar("_Made")


def load_batches(pairs: PairDataset, size: int, workers: int) -> Iterator[Batch]:
    """Batches of `size` pairs, the last of what is left; workers: processes that make them.

    Raises what a pair raises, ValueError or OSError; RuntimeError where a process is gone.
    """
    loader: DataLoader[Batch | _Problem] = DataLoader(
        _Told(pairs),  # type: ignore[arg-type]  # what collates turns pairs into batches
        batch_size=size,
        num_workers=workers,
        multiprocessing_context=START_METHOD if workers else None,
        collate_fn=_collated,
        drop_last=False,
        prefetch_factor=4 if workers else None,
    )
    return _unless_told(loader)


def load_pairs(pairs: PairDataset, workers: int) -> Iterator[Pair]:
    """One pair after the other; see `load_batches`."""
    # batch_size None hands single pairs through, made by as many processes as asked for.
    loader: DataLoader[Pair | _Problem] = DataLoader(
        _Told(pairs),
        batch_size=None,
        num_workers=workers,
        multiprocessing_context=START_METHOD if workers else None,
        collate_fn=_unchanged,  # type: ignore[arg-type]  # without batches it gets one item
    )
    return _unless_told(loader)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why there is no pair.

    It comes as a value: an error that a process raises is raised here with that process's
    traceback for its message.
    """

    error: ValueError | OSError


class _Told(Dataset[Pair | _Problem]):
    """Pairs, or the reason why there is none."""

    def __init__(self, pairs: PairDataset) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, item: int) -> Pair | _Problem:
        try:
            return self._pairs[item]
        except (ValueError, OSError) as error:
            return _Problem(error)


def _collated(items: Sequence[Pair | _Problem]) -> Batch | _Problem:
    """Collates pairs, unless one of them is a problem."""
    pairs = [item for item in items if not isinstance(item, _Problem)]
    problems = [item for item in items if isinstance(item, _Problem)]
    return problems[0] if problems else collate(pairs)


def _unless_told(made: "DataLoader[_Made | _Problem]") -> Iterator[_Made]:
    for each in made:
        if isinstance(each, _Problem):
            raise each.error
        yield each


def _unchanged(pair: Pair | _Problem) -> Pair | _Problem:
    return pair
