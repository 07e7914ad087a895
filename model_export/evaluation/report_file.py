"""What `evaluate` wrote, read back to be put side by side."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from model_export.data.json_files import checked, read_json
from model_export.evaluation.comparison import Evaluation
from model_export.evaluation.judged import NAME, read_judged
from model_export.metrics.resampling import Trials

REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class _Level:
    """Crops, or pictures and clips."""

    fakes: int
    reals: int
    auc: float
    eer: float
    found_at_bpcer: dict[str, float]
    auc_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Masks:
    fakes_with_truth: int
    pixel_accuracy: float | None
    iou: float | None
    false_mask_area: float | None


@dataclass(frozen=True, slots=True)
class _Figures:
    crops: _Level
    segmentation: _Masks
    clips: _Level | None = None


@dataclass(frozen=True, slots=True)
class _Data:
    name: str


@dataclass(frozen=True, slots=True)
class _Report:
    """What a comparison needs of a report."""

    model: dict[str, Any]
    data: _Data
    figures: _Figures


def read_evaluation(folder: Path) -> Evaluation:
    """What lies in a folder that `evaluate -o` wrote; earlier versions wrote no judged.csv.

    Raises ValueError where there is no report or one of the files is damaged, or where they tell
    of different files. Raises OSError.
    """
    path, judged = folder / REPORT, folder / NAME
    if not path.is_file():
        raise ValueError(f"there is no {REPORT} in {folder}")
    report = read_json(path)
    figures = checked(TypeAdapter(_Report), report, path).figures
    if not judged.is_file():
        return Evaluation(report)
    files, trials = read_judged(judged)
    if not _tells_of(trials, figures):
        raise ValueError(f"{judged} tells of other files than {path}")
    return Evaluation(report, files, trials)


def _tells_of(trials: Trials, figures: _Figures) -> bool:
    """Whether there are as many fakes and reals as the figures count."""
    fakes = int(trials.fake.sum())
    reals = len(trials.fake) - fakes
    if figures.clips is None and not (fakes and reals):
        # Clips that are all fakes, in some of their frames, have no figures.
        return True
    level = figures.clips or figures.crops
    return (fakes, reals) == (level.fakes, level.reals)
