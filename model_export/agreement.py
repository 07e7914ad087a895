"""How far a rounded model's answers are from the float one's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model_export.description import thresholds_of
from model_export.export import open_session, output_names
from service.inference.second_look import look_again
from service.verdict.calibration import decide, probability

Outputs = dict[str, NDArray[Any]]
LEAST_VERDICTS, LEAST_IOU = 0.8, 0.5
"""Below, a rounded model is another one: the service would run it in the float one's place."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of N pictures, under its note.

    first: of one look at each; final: after the second looks that the note asks for; both have
    fake_activation and real_activation, float32 (N,), and mask, uint8 (N, S, S).
    """

    first: Outputs
    final: Outputs
    note: dict[str, Any]

    @classmethod
    def of(cls, path: Path, pictures: NDArray[np.uint8], note: dict[str, Any]) -> "Answers":
        """Of a model file on pictures, uint8 (N, S, S, 3)."""
        first, above = outputs_of(path, pictures), note.get("second_look")
        if above is None:
            return cls(first, first, note)

        def look(crops: Sequence[NDArray[np.uint8]]) -> list[NDArray[Any]]:
            return list(outputs_of(path, np.stack(crops)).values())

        final, _ = look_again(list(first.values()), [*pictures], above, look)
        return cls(first, dict(zip(first, final, strict=True)), note)


@dataclass(frozen=True, slots=True)
class Agreement:
    """A rounded model against the float one on the same pictures.

    activation_mean_abs, activation_max_abs: differences of the activations at a first look.
    verdicts: share of pictures on the same side of the thresholds.
    mask_iou: mean intersection over union of the masks at the model's threshold, where either
        model marks anything; None where neither does.
    """

    pictures: int
    activation_mean_abs: float
    activation_max_abs: float
    verdicts: float
    mask_iou: float | None

    @property
    def good(self) -> bool:
        """Whether it may stand in for the float model."""
        masks = self.mask_iou is None or self.mask_iou >= LEAST_IOU
        return masks and self.verdicts >= LEAST_VERDICTS

    def sentence(self, rounding: str) -> str:
        """The figures for people. rounding: "8 bits", "half precision"."""
        iou = "no mask to compare" if self.mask_iou is None else f"mask IoU {self.mask_iou:.3f}"
        return (
            f"{rounding} against float on {self.pictures} pictures: activations differ by "
            f"{self.activation_mean_abs:.4f} on average and {self.activation_max_abs:.4f} at "
            f"most, {self.verdicts:.1%} of verdicts agree, {iou}"
        )


def compare(exact: Answers, rounded: Answers) -> Agreement:
    """Agreement of two models, each under its own note."""
    names = ("fake_activation", "real_activation")
    apart = np.concatenate([np.abs(exact.first[n] - rounded.first[n]) for n in names])
    level = exact.note["thresholds"]["mask"]
    ious = []
    for one, other in zip(exact.final["mask"], rounded.final["mask"], strict=True):
        union = np.count_nonzero((one >= level) | (other >= level))
        if union:
            ious.append(np.count_nonzero((one >= level) & (other >= level)) / union)
    return Agreement(
        pictures=len(exact.final["mask"]),
        activation_mean_abs=float(apart.mean()),
        activation_max_abs=float(apart.max()),
        verdicts=float(np.mean(_verdicts(exact) == _verdicts(rounded))),
        mask_iou=float(np.mean(ious)) if ious else None,
    )


def difference(outputs: Outputs) -> NDArray[Any]:
    """fake_activation - real_activation, float (N,)."""
    return np.asarray(outputs["fake_activation"] - outputs["real_activation"])


def outputs_of(path: Path, pictures: NDArray[np.uint8]) -> Outputs:
    """Activations and masks of a model file on pictures, uint8 (N, S, S, 3), one at a time."""
    session: onnxruntime.InferenceSession = open_session(path)
    names = output_names(False)
    runs = [session.run(names, {"image": picture[None]}) for picture in pictures]
    return dict(zip(names, map(np.concatenate, zip(*runs, strict=True)), strict=True))


def _verdicts(answers: Answers) -> NDArray[np.str_]:
    fitted, thresholds = answers.note["calibration"], thresholds_of(answers.note)
    logits = fitted["slope"] * difference(answers.final) + fitted["intercept"]
    return np.array([decide(probability(float(logit)), thresholds) for logit in logits])
