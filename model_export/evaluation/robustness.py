"""How far a detector carries when crops are degraded further."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from model_export.data.degrade import h264, jpeg, resize
from model_export.data.files import naming
from model_export.data.warp import Picture
from model_export.judge import Judge, judged
from model_export.metrics.curves import area_under_roc
from model_export.networks.contract import FAKE, REAL
from model_export.sources.alteration import turned
from model_export.sources.sample import Sample


def rescale(picture: Picture, scale: float) -> Picture:
    """Shrunk by area and enlarged again, as a small face is."""
    height, width = picture.shape[:2]
    small = resize(picture, scale, cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    """A Gaussian blur; sigma 0 changes nothing."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8) if sigma else picture


@dataclass(frozen=True, slots=True)
class Strain:
    """One kind of degradation of a 256-pixel crop, from mild to strong."""

    label: str
    values: tuple[float, ...]
    apply: Callable[[Picture, float], Picture]


STRAINS = {
    "jpeg": Strain("JPEG quality", (95, 80, 60, 40, 25, 15), lambda p, v: jpeg(p, round(v))),
    "scale": Strain("scale", (1, 0.75, 0.5, 0.35, 0.25, 0.15), rescale),
    "blur": Strain("blur sigma, pixels", (0, 0.7, 1.5, 2.5, 4), blurred),
    "h264": Strain(
        "H.264 crf", (18, 23, 28, 33, 38, 43), lambda p, v: h264(p, round(v), (1.0, 0.5), 3)
    ),
    "turn": Strain("degrees turned", (0, 15, 30, 45, 90, 180), turned),
}


def robustness(judge: Judge, samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """AUC of the same crops under each strain, by its value. Needs fakes and reals."""
    table: dict[str, dict[str, float]] = {}
    total = sum(len(strain.values) for strain in STRAINS.values()) * len(samples)
    with tqdm(total=total, unit="crop", desc="robustness", mininterval=2) as bar:
        for name, strain in STRAINS.items():
            table[name] = {}
            for value in strain.values:
                worse = [replace(s, crop=strain.apply(s.crop, value)) for s in samples]
                table[name][f"{value:g}"] = auc(judge, worse)
                bar.update(len(samples))
    return table


def auc(judge: Judge, samples: Sequence[Sample]) -> float:
    """Area under the ROC of crops."""
    activations = np.concatenate([v.activations for _, v in judged(judge, samples)])
    differences = activations[:, FAKE] - activations[:, REAL]
    fake = np.array([sample.fake for sample in samples])
    return area_under_roc(differences[fake], differences[~fake])


def plot_robustness(table: dict[str, dict[str, float]], path: Path) -> None:
    """One panel per strain."""
    figure = Figure(figsize=(3.2 * len(table), 3.2), layout="constrained")
    panels = figure.subplots(1, len(table), sharey=True, squeeze=False)[0]
    for axes, (name, points) in zip(panels, table.items(), strict=True):
        axes.plot([*points], [*points.values()], marker="o")
        axes.set(xlabel=STRAINS[name].label, ylim=(0.45, 1.01))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("AUC")
    with naming(path):
        figure.savefig(path, dpi=110)
