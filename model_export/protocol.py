"""The paper's table (BTAS 2019, tables 2 to 5) in kind: seen, mismatched, unseen, fine-tuned."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.families import FAMILIES
from model_export.data.files import write_whole
from model_export.data.forge import Forge
from model_export.data.json_files import read_object
from model_export.data.pairs import PairMaker
from model_export.data.stored_pairs import stored_for, stored_settings
from model_export.evaluation.figures import segmentation
from model_export.evaluation.markdown import percent, table
from model_export.evaluation.rows import judge_rows
from model_export.finetune import FinetuneConfig, finetune
from model_export.judge import CheckpointJudge, Judge
from model_export.metrics.curves import equal_error_rate
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.sources.synthetic import Part, SyntheticSource, part_of
from model_export.start import start
from model_export.train import TrainConfig, Trainer
from service.faces.crop import CropRule

log = logging.getLogger(__name__)

PRESETS = {"paper": NetworkConfig(), "mobile": MOBILE_CONFIG}
SEEN, MISMATCHED, UNSEEN = "seen, matching", "seen, mismatching compression", "unseen: {}"
PARTS: tuple[Part, ...] = ("training", "calibration", "test")


@dataclass(frozen=True, slots=True)
class ProtocolPlan:
    """What is trained and measured.

    unseen: families left out of training, each in turn. strength: of degradation in training
    and test; harder: in the mismatching row. test_pairs: for each cell of the table.
    tuning_pairs: of an unseen family, that fine-tuning is given. imagenet: weights the stronger
    preset's encoder starts from. stored: pairs of all families to learn from, see `store-pairs`;
    without, each training makes its own.
    """

    train: TrainConfig
    unseen: tuple[str, ...] = ("face2face", "faceswap")
    strength: float = 0.5
    harder: float = 1.0
    test_pairs: int = 300
    tuning_pairs: int = 40
    tuning_epochs: int = 20
    imagenet: Path | None = None
    stored: Path | None = None


class Protocol:
    """Trains what the table needs, measures it, and keeps every cell: a cut run goes on.

    People of the test take no part in training, in the choice of the checkpoint, or in tuning.
    Folder: one folder for each training, `plan.json`, `cells.json`, `others.json`, `table.md`.
    Raises ValueError for too few people, or a folder begun with another plan.
    """

    def __init__(self, index: FaceIndex, plan: ProtocolPlan, folder: Path) -> None:
        self._index, self._plan, self._folder = index, plan, folder
        self._rule = CropRule()
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            part_of(index, part)
        self._remember()
        self._path = folder / "cells.json"
        stored = read_object(self._path) if self._path.is_file() else {}
        self._cells: dict[str, dict[str, dict[str, float]]] = stored

    def run(self, presets: Sequence[str], others: dict[str, Path]) -> str:
        """The table as Markdown. Raises ValueError where one of the others is called as a preset,
        or as another checkpoint was when the folder was begun.

        others: checkpoints trained elsewhere, by name; they are measured on the same crops, and
        for them no family is unseen or seen but as it happens.
        """
        if taken := PRESETS.keys() & others.keys():
            raise ValueError(f"{taken.pop()!r} is a preset of its own")
        self._remember_others(others)
        for name, path in others.items():
            trained = load_checkpoint(path)
            self._measure(name, trained, dict.fromkeys(self._plan.unseen, trained))
        for preset in presets:
            everything = self._train(preset, None)
            without = {family: self._train(preset, family) for family in self._plan.unseen}
            self._measure(preset, everything, without)
        text = self._table([*others, *presets])
        write_whole(self._folder / "table.md", text + "\n")
        return text

    def _measure(self, name: str, whole: Checkpoint, without: dict[str, Checkpoint]) -> None:
        plan, families = self._plan, tuple(FAMILIES)
        self._cell(name, SEEN, whole, families, plan.strength)
        self._cell(name, MISMATCHED, whole, families, plan.harder)
        for family, checkpoint in without.items():
            self._cell(name, UNSEEN.format(family), checkpoint, (family,), plan.strength)
        family, checkpoint = next(iter(without.items()))
        row = self._rows()[-1]
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
            self._rule_for(checkpoint),
            workers=self._plan.train.workers,
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
        write_whole(self._path, json.dumps(self._cells, indent=1))

    def _rows(self) -> list[str]:
        plan = self._plan
        tuned = f"{plan.unseen[0]}, fine-tuned on {plan.tuning_pairs} pairs"
        return [SEEN, MISMATCHED, *(UNSEEN.format(family) for family in plan.unseen), tuned]

    def _remember(self) -> None:
        """Old figures must not stand beside those of another plan or of other people."""
        path = self._folder / "plan.json"
        plan = asdict(self._plan) | {"train": self._plan.train.to_dict()}
        # Where its weights and pairs lie, and how many processes make pictures, changes no figure.
        del plan["train"]["workers"]
        plan["imagenet"] = self._plan.imagenet and _digest(self._plan.imagenet.read_bytes())
        plan["stored"] = self._plan.stored and stored_settings(self._plan.stored)
        people = {part: part_of(self._index, part).digest for part in PARTS}
        text = json.dumps({"plan": plan, "people": people}, indent=1)
        # Folders of earlier versions tell of the people by their names alone.
        older = json.dumps({"plan": plan, "people": self._index.digest}, indent=1)
        begun = path.read_text() if path.is_file() else None
        # Nor did they write as JSON has it that nothing limits the minutes.
        if begun is not None and begun.replace(" Infinity", " null") not in (text, older):
            raise ValueError(f"{self._folder} was begun with another plan: see {path.name}")
        if begun != text:
            write_whole(path, text)

    def _remember_others(self, others: dict[str, Path]) -> None:
        """Nor beside those of another checkpoint of the same name."""
        path = self._folder / "others.json"
        known = read_object(path) if path.is_file() else {}
        now = {name: _digest(checkpoint.read_bytes()) for name, checkpoint in others.items()}
        for name, digest in now.items():
            if known.get(name, digest) != digest:
                raise ValueError(f"{name!r} was another checkpoint: give this one a new name")
        write_whole(path, json.dumps(known | now, indent=1))

    def _judge(self, checkpoint: Checkpoint) -> Judge:
        path = self._folder / "judged.pt"
        checkpoint.save(path)
        return CheckpointJudge(path)

    def _rule_for(self, checkpoint: Checkpoint) -> CropRule:
        """The same crops for all, but for the sharpening that a checkpoint asks for."""
        sharpening = checkpoint.facts.get("crop", {}).get("sharpening", 0.0)
        return replace(self._rule, sharpening=sharpening)

    def _tune(self, checkpoint: Checkpoint, family: str) -> Checkpoint:
        people, pairs = part_of(self._index, "calibration"), self._plan.tuning_pairs
        rule = self._rule_for(checkpoint)
        source = SyntheticSource(people, (family,), pairs, rule, strength=self._plan.strength)
        config = FinetuneConfig(epochs=self._plan.tuning_epochs)
        return finetune(checkpoint, [*source.samples()], config)

    def _train(self, preset: str, left_out: str | None) -> Checkpoint:
        plan = self._plan
        folder = self._folder / (f"{preset}-without-{left_out}" if left_out else preset)
        finished = folder / "finished"
        if not finished.is_file():
            families = tuple(name for name in FAMILIES if name != left_out)
            torch.manual_seed(plan.train.seed)
            trainer = Trainer(
                start(PRESETS[preset], plan.imagenet if preset == "mobile" else None),
                self._pairs(families),
                # Whoever chooses the checkpoint must not be who it is tested on.
                Forge(part_of(self._index, "calibration"), self._rule, families, plan.strength),
                replace(plan.train, rate=1e-3) if preset == "paper" else plan.train,
                folder,
            )
            if (folder / "last.pt").is_file():
                trainer.resume(folder / "last.pt")
            trainer.run()
            finished.touch()
        return load_checkpoint(folder / "best.pt")

    def _pairs(self, families: tuple[str, ...]) -> PairMaker:
        people, plan = part_of(self._index, "training"), self._plan
        forge = Forge(people, self._rule, families, plan.strength)
        return stored_for(forge, plan.stored) if plan.stored else forge

    def _table(self, names: Sequence[str]) -> str:
        columns = ("eer", "pixel_accuracy", "iou")
        head = [f"{name}: {column}" for name in names for column in ("EER", "pixels", "IoU")]
        rows = []
        for row in self._rows():
            cells = [self._cells[name][row] for name in names]
            figures = [percent(cell[column]) for cell in cells for column in columns]
            rows.append((row, *figures))
        return table(("", *head), rows)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
