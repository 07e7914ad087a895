"""Compares rules for one probability of a whole clip, on clips of known truth.

    python -m tests.benchmarks.aggregation --faces DIR --model FILE.onnx

Forges clips out of held-out photographs, each manipulated for a known share of its time, judges
their frames as the service does, and prints for each rule how well it tells manipulated clips
from real ones, and how well the intervals found cover the true ones.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from model_export.data.clip_forge import ForgedClip, forge_clip
from model_export.data.faces import load_index
from model_export.data.forge import Forge
from model_export.data.video import AS_UPLOADED, encode_h264
from service.faces.extract import extract
from service.faces.plan import ExtractionPlan
from service.inference.device import Device
from service.inference.model_file import ModelFile, read_model_file
from service.inference.precision import in_precision
from service.inference.session import Session, SessionPlan
from service.media.stretches import Interval
from service.media.upload import Upload
from service.runtime import Runtime, usable_cpus
from service.settings import Settings
from service.verdict.aggregate import track_logit
from service.verdict.agreement import agreement
from service.verdict.calibration import fake_logit, logit_of
from service.verdict.intervals import manipulated_intervals, stretches_of
from service.verdict.prediction import levelled

Logits = Sequence[float]
SHARES = (0.0, 0.3, 0.6, 1.0)


@dataclass(frozen=True)
class Judged:
    """The largest track of one clip. share: of the clip's time that is manipulated, 0 to 1."""

    share: float
    logits: tuple[float, ...]
    agreement: float
    overlap: float


def mean(logits: Logits) -> float:
    """Every frame counts alike."""
    return float(np.mean(logits))


def upper_half(logits: Logits) -> float:
    """The mean of the higher half, wherever it lies."""
    return mean(sorted(logits)[len(logits) // 2 :])


RULES: dict[str, Callable[[Logits], float]] = {
    "mean": mean,
    "mean of the upper half": upper_half,
    "worst quarter in a row (used)": track_logit,
    "maximum": max,
}
WIDTH = max(map(len, RULES)) + 2


def covered(found: Sequence[Interval], true: tuple[float, float] | None) -> float:
    """Intersection over union in time, 0 to 1; 1 where both are empty."""
    start, end = true or (0.0, 0.0)
    both = sum(max(0.0, min(i.end_s, end) - max(i.start_s, start)) for i in found)
    either = sum(i.end_s - i.start_s for i in found) + (end - start) - both
    return both / either if either > 0 else 1.0


def judge(clip: ForgedClip, share: float, crf: int, model: ModelFile, session: Session) -> Judged:
    """Encode a clip, and let the service's own stages look at it."""
    spec = model.spec
    plan = ExtractionPlan(crop=spec.crop_rule)
    taken = extract(Upload(encode_h264(clip.frames, crf, clip.rate, AS_UPLOADED)), plan)
    crops = [crop for crop in taken.crops if crop.track == 0]
    logits: list[float] = []
    for at in range(0, len(crops), session.largest_batch):
        batch = [crop.pixels for crop in crops[at : at + session.largest_batch]]
        logits += [fake_logit(item, spec.calibration) for item in session.run(batch)]
    logits = levelled(logits, [crop.in_key_frame for crop in crops])
    spans = stretches_of(taken)
    seen = [spans[crop.frame_index] for crop in crops]
    low, high = logit_of(spec.thresholds.authentic), logit_of(spec.thresholds.manipulated)
    found = manipulated_intervals(seen, logits, high)
    return Judged(
        share, tuple(logits), agreement(logits, low, high), covered(found, clip.interval_s)
    )


def forged(arguments: argparse.Namespace) -> list[Judged]:
    """All clips, judged; those in which no face was found are left out."""
    index = load_index(arguments.faces, arguments.faces / "landmarks.npz")
    index = index.split(0.05, seed=0)[1]
    runtime = Runtime()
    cpu = Device("cpu")
    model = in_precision(
        read_model_file(arguments.model, runtime), cpu, Settings().precision, runtime
    )
    session = Session(model, cpu, SessionPlan(usable_cpus(), (1, 2, 4, 8)), runtime)
    forge = Forge(index, model.spec.crop_rule)
    rng = np.random.default_rng(arguments.seed)
    positions = rng.permutation(len(index))
    judged: list[Judged] = []
    for number in range(arguments.clips):
        share = SHARES[number % len(SHARES)]
        clip = forge_clip(
            forge,
            int(positions[number % len(positions)]),
            rng,
            seconds=arguments.seconds,
            share=share,
        )
        one = judge(clip, share, int(rng.integers(18, 31)), model, session)
        if one.logits:
            judged.append(one)
        print(f"\r{number + 1} of {arguments.clips}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return judged


def auc(judged: Sequence[Judged], rule: Callable[[Logits], float], share: float | None) -> float:
    """Area under the ROC curve of fakes of one share (None: of all) against the real clips."""
    chosen = [one for one in judged if one.share in (0.0, share) or share is None]
    return float(
        roc_auc_score([one.share > 0 for one in chosen], [rule(one.logits) for one in chosen])
    )


def main() -> None:
    """Forge, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with landmarks.npz")
    parser.add_argument("--model", type=Path, required=True, help="ONNX model file")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    judged = forged(arguments)
    counts = {share: sum(one.share == share for one in judged) for share in SHARES}
    print("clips by manipulated share: " + ", ".join(f"{s:.0%}: {n}" for s, n in counts.items()))
    fakes, shares = SHARES[1:], [f"{share:.0%}" for share in SHARES]
    heading("AUC against real clips", ["all", *(f"{share:.0%}" for share in fakes)])
    for name, rule in RULES.items():
        row(name, [auc(judged, rule, share) for share in (None, *fakes)])
    limit = logit_of(read_model_file(arguments.model, Runtime()).spec.thresholds.manipulated)
    heading("judged manipulated", shares)
    for name, rule in RULES.items():
        values = [[rule(o.logits) >= limit for o in judged if o.share == s] for s in SHARES]
        row(name, [float(np.mean(value)) for value in values])
    heading("intervals", shares)
    row("overlap (IoU)", [share_of(judged, s, lambda o: o.overlap) for s in SHARES])
    row("agreement of frames", [share_of(judged, s, lambda o: o.agreement) for s in SHARES])


def share_of(judged: Sequence[Judged], share: float, of: Callable[[Judged], float]) -> float:
    """The mean over the clips of one manipulated share."""
    return float(np.mean([of(one) for one in judged if one.share == share]))


def heading(title: str, columns: Sequence[str]) -> None:
    """The line that names a table and its columns."""
    print(f"\n{title:<{WIDTH}}" + "".join(f"{column:>8}" for column in columns))


def row(name: str, values: Sequence[float]) -> None:
    """A line of a table."""
    print(f"{name:<{WIDTH}}" + "".join(f"{value:>8.3f}" for value in values))


if __name__ == "__main__":
    main()
