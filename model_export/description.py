"""The note an exported model carries about itself."""

import logging
from dataclasses import fields
from pathlib import Path
from typing import Any

from model_export.checkpoint import Checkpoint
from model_export.losses import ACTIVATION_SLOPE
from model_export.networks.contract import METHODS
from service.faces.crop import CropRule
from service.inference.model_file import Thresholds

log = logging.getLogger(__name__)
SCHEMA = 1
UNDECIDED = {"manipulated": 0.7, "authentic": 0.3, "mask": 128, "method": 0.5}
"""Thresholds of a model nobody has calibrated yet."""
UNFITTED = {"kind": "logistic", "slope": ACTIVATION_SLOPE, "intercept": 0.0, "fitted_on": None}
"""Its calibration, the only one that says what it was fitted on: nothing."""


def crop_of(facts: dict[str, Any]) -> dict[str, Any]:
    """The crop that a checkpoint's facts state, JSON-ready; the default where they state none."""
    stated: dict[str, Any] = facts.get("crop", {})
    return {"scale": CropRule().scale} | stated


def crop_rule(crop: dict[str, Any], size: int) -> CropRule:
    """The rule that a note's `crop` states; size: side of the network's input in pixels."""
    return CropRule(crop["scale"], size, crop.get("sharpening", 0.0))


def thresholds_of(note: dict[str, Any]) -> Thresholds:
    """A note's thresholds; like the service, without what a newer version's note says besides."""
    known = {field.name for field in fields(Thresholds)}
    stated = note["thresholds"].items()
    return Thresholds(**{name: value for name, value in stated if name in known})


def describe(checkpoint: Checkpoint, has_method: bool) -> dict[str, Any]:
    """All constants the service needs, JSON-ready; `facts` of the checkpoint win over defaults.

    Without a fitted calibration the probability is a logistic of slope 6 on the difference of
    the activations, the one the stronger network is trained with.
    """
    facts = checkpoint.facts
    return {
        "schema": SCHEMA,
        "name": facts.get("name", f"unmask-{checkpoint.config.preset}"),
        "version": facts.get("version", "0"),
        "preset": checkpoint.config.preset,
        "input": {
            "name": "image",
            "size": checkpoint.config.size,
            "layout": "NHWC",
            "dtype": "uint8",
            "colour": "RGB",
        },
        "lead": checkpoint.config.lead,
        "crop": crop_of(facts),
        "methods": list(METHODS) if has_method else [],
        "calibration": facts.get("calibration", UNFITTED),
        "second_look": facts.get("second_look"),
        "method_temperature": facts.get("method_temperature", 1.0),
        "thresholds": facts.get("thresholds", UNDECIDED),
        "training_data": facts.get("training_data", "not stated"),
        "licence": facts.get("licence", "not stated"),
        "people": facts.get("people"),
        "figures": facts.get("figures", {}),
    }


def warn_of_calibration(facts: dict[str, Any], model: Path) -> None:
    """Say in the log where a checkpoint was never calibrated, or before it was changed."""
    # A calibration that nobody fitted comes back with an exported file that is restored.
    if "fitted_on" in facts.get("calibration", UNFITTED):
        log.warning("%s was never calibrated: `calibrate` it before it is used", model)
    elif facts.get("calibration_is_old"):
        log.warning("%s was calibrated before it was changed: `calibrate` it again", model)
