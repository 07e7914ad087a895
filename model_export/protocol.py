"""The paper's table (BTAS 2019, tables 2 to 5) in kind: seen, mismatched, unseen, fine-tuned."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.families import FAMILIES
from model_export.data.forge import Forge
from model_export.evaluation.figures import segmentation
from model_export.evaluation.markdown import percent, table
from model_export.evaluation.rows import judge_rows
from model_export.finetune import FinetuneConfig, finetune
from model_export.judge import CheckpointJudge, Judge
from model_export.metrics.curves import equal_error_rate
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.sources.synthetic import HELD_OUT, SyntheticSource, part_of
from model_export.train import TrainConfig, Trainer, start
from service.faces.crop import CropRule

log = logging.getLogger(__name__)

PRESETS = {"paper": NetworkConfig(), "mobile": MOBILE_CONFIG}
SEEN, MISMATCHED = "seen, matching", "seen, mismatching compression"


@dataclass(frozen=True, slots=True)
class ProtocolPlan:
    """What is trained and measured.

    unseen: families left out of training, each in turn. strength: of degradation in training
    and test; harder: in the mismatching row. test_pairs: for each cell of the table.
    tuning_pairs: of an unseen family, that fine-tuning is given. imagenet: weights the stronger
    preset's encoder starts from.
    """

    train: TrainConfig
    unseen: tuple[str, ...] = ("face2face", "faceswap")
    strength: float = 0.5
    harder: float = 1.0
    test_pairs: int = 300
    tuning_pairs: int = 40
    tuning_epochs: int = 20
    imagenet: Path | None = None


class Protocol:
    """Trains what the table needs, measures it, and keeps every cell: a cut run goes on.

    All people of training, tuning and test are different ones. Folder: one folder for each
    training, `cells.json`, `table.md`.
    """

    def __init__(self, index: FaceIndex, plan: ProtocolPlan, folder: Path) -> None:
        self._index, self._plan, self._folder = index, plan, folder
        self._rule = CropRule()
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "cells.json"
        stored = json.loads(self._path.read_text()) if self._path.is_file() else {}
        self._cells: dict[str, dict[str, dict[str, float]]] = stored

    def run(self, presets: Sequence[str], others: dict[str, Path]) -> str:
        """The table as Markdown.

        others: checkpoints trained elsewhere, by name; they are measured on the same crops, and
        for them no family is unseen or seen but as it happens.
        """
        for name, path in others.items():
            trained = load_checkpoint(path)
            self._measure(name, trained, dict.fromkeys(self._plan.unseen, trained))
        for preset in presets:
            everything = self._train(preset, None)
            without = {family: self._train(preset, family) for family in self._plan.unseen}
            self._measure(preset, everything, without)
        text = self._table([*others, *presets])
        (self._folder / "table.md").write_text(text + "\n")
        return text

    def _measure(self, name: str, whole: Checkpoint, without: dict[str, Checkpoint]) -> None:
        plan, families = self._plan, tuple(FAMILIES)
        self._cell(name, SEEN, whole, families, plan.strength)
        self._cell(name, MISMATCHED, whole, families, plan.harder)
        for family, checkpoint in without.items():
            self._cell(name, f"unseen: {family}", checkpoint, (family,), plan.strength)
        family, checkpoint = next(iter(without.items()))
        row = f"{family}, fine-tuned on {plan.tuning_pairs} pairs"
        if row not in self._cells.get(name, {}):
            self._cell(name, row, self._tune(checkpoint, family), (family,), plan.strength)

    def _cell(
        self,
        name: str,
        row: str,
        checkpoint: Checkpoint,
        families: tuple[str, ...],
        strength: float,
    ) -> None:
        if row in self._cells.get(name, {}):
            return
        source = SyntheticSource(
            part_of(self._index, "test"),
            families,
            self._plan.test_pairs,
            self._rule,
            workers=1,
            strength=strength,
        )
        rows = [each for each, _, _ in judge_rows(self._judge(checkpoint), source)]
        fakes = np.array([each.logit for each in rows if each.fake])
        reals = np.array([each.logit for each in rows if not each.fake])
        masks = segmentation(rows)
        self._cells.setdefault(name, {})[row] = {
            "eer": equal_error_rate(fakes, reals),
            "pixel_accuracy": float(masks["pixel_accuracy"]),
            "iou": float(masks["iou"]),
        }
        log.info("%s, %s: %s", name, row, self._cells[name][row])
        self._path.write_text(json.dumps(self._cells, indent=1))

    def _judge(self, checkpoint: Checkpoint) -> Judge:
        path = self._folder / "judged.pt"
        checkpoint.save(path)
        return CheckpointJudge(path)

    def _tune(self, checkpoint: Checkpoint, family: str) -> Checkpoint:
        people, pairs = part_of(self._index, "calibration"), self._plan.tuning_pairs
        source = SyntheticSource(people, (family,), pairs, self._rule, strength=self._plan.strength)
        config = FinetuneConfig(epochs=self._plan.tuning_epochs)
        return finetune(checkpoint, [*source.samples()], config)

    def _train(self, preset: str, left_out: str | None) -> Checkpoint:
        plan = self._plan
        folder = self._folder / (f"{preset}-without-{left_out}" if left_out else preset)
        finished = folder / "finished"
        if not finished.is_file():
            families = tuple(name for name in FAMILIES if name != left_out)
            training, held_out = self._index.split(HELD_OUT, seed=0)
            torch.manual_seed(plan.train.seed)
            trainer = Trainer(
                start(PRESETS[preset], plan.imagenet if preset == "mobile" else None),
                Forge(training, self._rule, families, plan.strength),
                Forge(held_out, self._rule, families, plan.strength),
                replace(plan.train, rate=1e-3) if preset == "paper" else plan.train,
                folder,
            )
            if (folder / "last.pt").is_file():
                trainer.resume(folder / "last.pt")
            trainer.run()
            finished.touch()
        return load_checkpoint(folder / "best.pt")

    def _table(self, names: Sequence[str]) -> str:
        columns = ("eer", "pixel_accuracy", "iou")
        head = [f"{name}: {column}" for name in names for column in ("EER", "pixels", "IoU")]
        rows = []
        for row in self._cells[names[0]]:
            cells = [self._cells[name][row] for name in names]
            figures = [percent(cell[column]) for cell in cells for column in columns]
            rows.append((row, *figures))
        return table(("", *head), rows)
