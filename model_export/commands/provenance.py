"""What is written down of where a trained model comes from."""

import argparse
import logging
from pathlib import Path
from typing import Any

from model_export.checkpoint import UNKNOWN_PEOPLE, all_people
from model_export.data.faces import FaceIndex
from model_export.restore import read_trained

log = logging.getLogger(__name__)
FORGED = (
    "manipulated by the forge, whose generators and landmarks have terms of their own "
    "(service/weights/LICENSE.weights)"
)


def training_data(options: argparse.Namespace, training: FaceIndex) -> str:
    """What a training learns from, in words."""
    told = f"{len(training)} pictures of {options.faces.resolve().name}, {FORGED}"
    if options.prepared is not None:
        told += f"; {options.prepared_share:.0%} of the pairs from {options.prepared.name}"
    return told if options.imagenet is None else f"{told}; the encoder began with ImageNet's"


def inherited_facts(model: Path | None, further: str) -> dict[str, Any]:
    """What a model that goes on learning, from what further data, keeps of what was said of it."""
    facts = {} if model is None else read_trained(model).facts
    names = ("crop", "training_data", "licence")
    kept: dict[str, Any] = {name: facts[name] for name in names if name in facts}
    if model is not None:
        before = facts.get("training_data", "not stated")
        kept["training_data"] = f"{before}; trained further on {further}"
        kept["people"] = facts.get("people") or UNKNOWN_PEOPLE
    return kept


def untrained_facts(model: Path) -> dict[str, Any]:
    """What holds for a model that goes on learning until it has: see `restored` in `finetune`."""
    facts = read_trained(model).facts
    return {"restored": True} if facts.get("restored") else {}


def all_learned_from(inherited: dict[str, Any], training: FaceIndex) -> str:
    """Whom a model has learned from in the end, as the facts of a checkpoint say it."""
    people = all_people(inherited.get("people", training.digest), training.digest)
    if people != training.digest:
        log.warning(
            "the model to go on from learned from other pictures, or from ones that nobody wrote "
            "down, which may divide people otherwise: it may know some of those held out here"
        )
    return people
