"""How far a rounded model's answers are from the float one's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model_export.export import open_session
from service.inference.second_look import look_again

Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A rounded model against the float one on the same pictures.

    activation_mean_abs, activation_max_abs: differences of the activations.
    verdicts: share of pictures on the same side of the thresholds.
    mask_iou: mean intersection over union of the masks at the model's threshold, where either
        model marks anything; None where neither does.
    """

    pictures: int
    activation_mean_abs: float
    activation_max_abs: float
    verdicts: float
    mask_iou: float | None

    def sentence(self, rounding: str) -> str:
        """The figures for people. rounding: "8 bits", "half precision"."""
        iou = "no mask to compare" if self.mask_iou is None else f"mask IoU {self.mask_iou:.3f}"
        return (
            f"{rounding} against float on {self.pictures} pictures: activations differ by "
            f"{self.activation_mean_abs:.4f} on average and {self.activation_max_abs:.4f} at "
            f"most, {self.verdicts:.1%} of verdicts agree, {iou}"
        )


def compare(
    exact: Outputs, rounded: Outputs, note: dict[str, Any], corrected: dict[str, Any]
) -> Agreement:
    """Agreement of two models' outputs, each under its own note."""
    names = ("fake_activation", "real_activation")
    apart = np.concatenate([np.abs(exact[n] - rounded[n]) for n in names])
    threshold = note["thresholds"]["mask"]
    ious = []
    for one, other in zip(exact["mask"] >= threshold, rounded["mask"] >= threshold, strict=True):
        union = np.count_nonzero(one | other)
        if union:
            ious.append(np.count_nonzero(one & other) / union)
    return Agreement(
        pictures=len(exact["mask"]),
        activation_mean_abs=float(apart.mean()),
        activation_max_abs=float(apart.max()),
        verdicts=float(np.mean(_verdicts(exact, note) == _verdicts(rounded, corrected))),
        mask_iou=float(np.mean(ious)) if ious else None,
    )


def difference(outputs: Outputs) -> NDArray[Any]:
    """fake_activation - real_activation, float (N,)."""
    return np.asarray(outputs["fake_activation"] - outputs["real_activation"])


def outputs_of(
    path: Path, pictures: NDArray[np.uint8], second_look: float | None = None
) -> Outputs:
    """Activations and masks of a model file on pictures, uint8 (N, S, S, 3), one at a time.

    second_look: difference of the activations above which they are averages of two looks.
    """
    session: onnxruntime.InferenceSession = open_session(path)
    names = ["fake_activation", "real_activation", "mask"]

    def look(crops: Sequence[NDArray[np.uint8]]) -> list[NDArray[Any]]:
        return list(session.run(names, {"image": np.stack(crops)}))

    above = np.inf if second_look is None else second_look
    runs = [look_again(look([picture]), [picture], above, look) for picture in pictures]
    return dict(zip(names, map(np.concatenate, zip(*runs, strict=True)), strict=True))


def _verdicts(outputs: Outputs, note: dict[str, Any]) -> NDArray[np.int64]:
    fitted, thresholds = note["calibration"], note["thresholds"]
    fake = 1 / (1 + np.exp(-(fitted["slope"] * difference(outputs) + fitted["intercept"])))
    edges = [thresholds["authentic"], thresholds["manipulated"]]
    return np.asarray(np.searchsorted(edges, fake), np.int64)
