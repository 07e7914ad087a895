"""Training on real faces with manipulations made on the fly."""

import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from model_export.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    refuse_other_settings,
)
from model_export.data.loading import load_batches
from model_export.data.pairs import Batch, PairDataset, PairMaker
from model_export.losses import Truth, paper_losses, stronger_losses
from model_export.networks.contract import NetworkOutput
from model_export.networks.factory import Network
from model_export.run_table import append_row, drop_rows_after
from model_export.validate import validate
from service.faces.crop import CropRule
from service.memory import keep_freed_memory

log = logging.getLogger(__name__)
Losses = Callable[[NetworkOutput, Truth], dict[str, Tensor]]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How to train.

    minutes or pictures, whichever ends first, is the length; the learning rate follows a cosine
    over it. batch counts crops, half of them real. ema: decay of the averaged weights, which
    are the ones validated and kept. The defaults are the stronger network's, for both presets, and
    the optimiser is AdamW with a warm-up and clipped gradients; the paper's training is Adam at a
    constant 1e-3, betas 0.9/0.999, eps 1e-7, an L2 penalty of 5e-4, batch 64, no average.
    """

    pictures: int = 150_000
    minutes: float = math.inf
    batch: int = 32
    rate: float = 6e-4
    weight_decay: float = 5e-4
    ema: float = 0.998
    seed: int = 0
    workers: int = 1
    validation_pairs: int = 400
    validate_every: int = 8_000

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: without a limit, the minutes are None."""
        return asdict(self) | {"minutes": self.minutes if math.isfinite(self.minutes) else None}


class Trainer:
    """One training run in a folder: `last.pt` to resume, `best.pt` to use, `metrics.csv`."""

    def __init__(
        self,
        network: Network,
        training: PairMaker,
        validation: PairMaker,
        config: TrainConfig,
        folder: Path,
        *,
        facts: dict[str, Any] | None = None,
    ) -> None:
        """facts: for the checkpoints: `crop`, if not the default rule's; what it learns from."""
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = deepcopy(self.network).eval()
        self.training, self.validation = training, validation
        self.config, self.folder = config, folder
        self.facts = {"crop": {"scale": CropRule().scale}} | (facts or {})
        self.losses: Losses = paper_losses if network.config.preset == "paper" else stronger_losses
        groups: list[dict[str, Any]] = [
            {"params": [p for p in network.parameters() if p.ndim > 1]},
            {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(
            groups,
            lr=config.rate,
            eps=1e-7,
            weight_decay=config.weight_decay,
        )
        self.seen, self.seconds, self.best = 0, 0.0, math.inf

    def resume(self, path: Path) -> None:
        """Go on from a `last.pt`: weights, averaged weights, optimiser, progress, facts.

        The config may differ from before: such as a longer schedule. Raises ValueError when the
        file holds no training, or one of another network, crop or kind of fakes.
        """
        saved = load_checkpoint(path)
        refuse_other_settings(saved, self.network.config, self.facts)
        try:
            self.network.load_state_dict(saved.resume["network"])
            self.averaged.load_state_dict(saved.weights)
            self.optimiser.load_state_dict(saved.resume["optimiser"])
            self.seen, self.seconds = saved.resume["seen"], saved.resume["seconds"]
            self.best = saved.resume["best"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"{path} holds no training that can go on") from error
        known = {k: v for k, v in saved.facts.items() if k != "training"}
        # What was said of a model that it went on from is not said of the pictures alone.
        kept = {k: known[k] for k in ("training_data", "licence") if k in known}
        self.facts = known | self.facts | kept

    @property
    def progress(self) -> float:
        """Share of the training done, 0 to 1."""
        time_share = self.seconds / (60 * self.config.minutes)
        return min(1.0, max(self.seen / self.config.pictures, time_share))

    def run(self) -> Path:
        """Train to the end; returns the path of the best checkpoint.

        Raises ValueError where losses or scores are no numbers any more: the checkpoints stay
        those of the check before.
        """
        self._write_settings()
        # A cut after the last checkpoint may have left one, which comes again.
        drop_rows_after(self.folder / "metrics.csv", self.seen)
        keep_freed_memory()
        # All batches but the last are of one shape: worth looking for its quickest convolutions,
        # though a GPU then repeats a training less exactly than its order of sums lets it anyway.
        torch.backends.cudnn.benchmark = True
        held_out = PairDataset(self.validation, self.config.validation_pairs, seed=10_007)
        validation = [*self._load(held_out)]
        left = 0 if self.progress >= 1 else (self.config.pictures - self.seen) // 2
        pairs = PairDataset(self.training, left, self.config.seed, self.seen // 2)
        terms: dict[str, float] = {}
        checked = self.seen
        started = time.monotonic() - self.seconds
        bar = tqdm(total=self.config.pictures, initial=self.seen, unit="pic", mininterval=5)
        for batch in self._load(pairs):
            terms = self.step(batch)
            self.seen += len(batch.pictures)
            self.seconds = time.monotonic() - started
            bar.update(len(batch.pictures))
            bar.set_postfix({k: f"{v:.3f}" for k, v in terms.items()}, refresh=False)
            if self.seen >= checked + self.config.validate_every or self.progress >= 1:
                self.check(validation, terms)
                checked = self.seen
            if self.progress >= 1:
                break
        bar.close()
        # Pairs never make up an odd number of pictures, which leaves the progress below 1.
        if self.seen > checked:
            self.check(validation, terms)
        return self.folder / "best.pt"

    def step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step; returns the losses. Raises ValueError where one is no number."""
        # What is dropped depends on the place in the training, whether or not it was cut before.
        torch.manual_seed(self.config.seed + self.seen)
        self._set_rate()
        self.network.train()
        truth = batch.truth(self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            output = self.network(
                truth.pictures.contiguous(memory_format=torch.channels_last), truth.winner
            )
        terms = self.losses(output, truth)
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack([*terms.values()]).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self._average()
        losses = {name: float(value.detach()) for name, value in terms.items()}
        if not all(map(math.isfinite, losses.values())):
            raise ValueError(
                f"the losses are no numbers any more after {self.seen} pictures: take a lower "
                "rate (`train --rate`)"
            )
        return losses

    def check(self, validation: list[Batch], terms: dict[str, float]) -> None:
        """Validate the averaged weights, write metrics and checkpoints; see `run`."""
        figures = validate(self.averaged, validation, self.device)
        row = {
            "pictures": self.seen,
            "minutes": round(self.seconds / 60, 2),
            **{f"train_{k}": round(v, 5) for k, v in terms.items()},
            **{k: round(v, 5) for k, v in figures.items()},
        }
        log.info("%s", json.dumps(row))
        append_row(self.folder / "metrics.csv", row, self.network.config.preset)
        # Equal error and misplaced masks both make a detector useless; the sum ranks them.
        badness = figures["eer"] + 0.25 * (1 - figures["iou"])
        improved = badness < self.best
        self.best = min(self.best, badness)
        facts = {**self.facts, "training": {**asdict(self.config), **row}}
        resume = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
            "seconds": self.seconds,
            "best": self.best,
        }
        weights = self.averaged.state_dict()
        # A `last.pt` that knows of a better `best` than `best.pt` is would keep it from being
        # written ever after, so it comes second: the run may be killed between the two.
        if improved:
            Checkpoint(self.network.config, weights, facts).save(self.folder / "best.pt")
        Checkpoint(self.network.config, weights, facts, resume).save(self.folder / "last.pt")

    def _write_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "train": self.config.to_dict(),
            "network": self.network.config.to_dict(),
            "facts": self.facts,
        }
        (self.folder / "train.json").write_text(json.dumps(settings, indent=1))

    def _load(self, pairs: PairDataset) -> Iterator[Batch]:
        return load_batches(pairs, self.config.batch // 2, self.config.workers)

    def _set_rate(self) -> None:
        warm = min(1.0, (self.seen + self.config.batch) / (100 * self.config.batch))
        rate = self.config.rate * warm * (0.5 + 0.5 * math.cos(math.pi * self.progress))
        for group in self.optimiser.param_groups:
            group["lr"] = max(rate, 1e-6)

    def _average(self) -> None:
        # A young average would remember the initialisation: its decay grows with its age.
        decay = min(self.config.ema, (1 + self.seen) / (10 * self.config.batch + self.seen))
        pairs = [
            (kept, now)
            for kept, now in zip(
                self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True
            )
            if kept.is_floating_point()
        ]
        # All at once: hundreds of small kernels in a row would take a GPU longer than the step.
        # Not the norms' counters: with a momentum that is fixed nobody reads them.
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average([kept for kept, _ in pairs], [now for _, now in pairs], 0)
