"""Calibration goes into the checkpoint's facts, and from there into the exported file."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_export.calibrate import calibrate
from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.commands.sources import read_faces
from model_export.data.faces import FaceIndex
from model_export.data.families import FAMILIES
from model_export.description import crop_rule
from model_export.evaluation.figures import as_clips
from model_export.evaluation.rows import judge_rows
from model_export.export import check_pictures, export
from model_export.judge import judged, open_judge
from model_export.metrics.curves import area_under_roc, equal_error
from model_export.metrics.thresholds import Policy
from model_export.networks.contract import FAKE, REAL, NetworkConfig
from model_export.networks.factory import build_network
from model_export.restore import restore
from model_export.sources.folders import FolderSource
from model_export.sources.sample import Sample, Tally
from model_export.sources.synthetic import SyntheticSource, part_of
from service.faces.crop import CropRule
from service.inference.model_file import Thresholds, read_model_file
from service.runtime import Runtime
from service.settings import Settings
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import write_folders, write_people


class Given:
    """Samples at hand, as a source."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self.tally = Tally(files=len(samples))

    def samples(self) -> Iterator[Sample]:
        return iter(self._samples)


def test_a_calibrated_checkpoint_exports_a_file_the_service_takes(
    faces: FaceIndex, tmp_path: Path
) -> None:
    config = NetworkConfig(size=64)
    facts = {"name": "kept", "figures": {"held_out": 1}, "calibration_is_old": True}
    Checkpoint(config, build_network(config).state_dict(), facts).save(tmp_path / "a.pt")
    people = write_people(tmp_path / "people", faces, 80)
    command = ["calibrate", str(tmp_path / "a.pt"), str(people), "-o", str(tmp_path / "b.pt")]
    assert main([*command, "--pairs", "6", "--mask-level", "90"]) == 0
    fitted = load_checkpoint(tmp_path / "b.pt")
    assert fitted.facts["name"] == "kept"
    assert "calibration_is_old" not in fitted.facts
    assert fitted.facts["figures"]["held_out"] == 1
    record = fitted.facts["figures"]["calibration"]
    assert (record["fakes"], record["reals"]) == (6, 6)
    export(fitted, tmp_path / "b.onnx", check_pictures(64))
    spec = read_model_file(tmp_path / "b.onnx", Runtime()).spec
    assert spec.calibration.slope == fitted.facts["calibration"]["slope"]
    assert spec.thresholds.authentic <= 0.5 <= spec.thresholds.manipulated
    assert spec.thresholds.mask == 90


def test_probabilities_fit_the_data_and_thresholds_the_policy(
    astronaut: np.ndarray, tmp_path: Path
) -> None:
    judge = open_judge(write_colour_model(tmp_path / "colour.onnx"))
    source = FolderSource(write_folders(tmp_path / "data", astronaut, 6), CropRule(), frames=2)
    before = Checkpoint(NetworkConfig(), {})
    facts = calibrate(before, judge, source, Policy(), "six pictures").facts
    record = facts["figures"]["calibration"]
    assert record["auc"] == 1
    assert record["brier"] < 0.05
    assert record["data"] == "six pictures"
    assert facts["thresholds"]["manipulated"] == facts["thresholds"]["authentic"] == 0.5
    assert facts["thresholds"]["method"] > 0.9
    assert facts["thresholds"]["mask"] == judge.note["thresholds"]["mask"]
    assert before.facts == {}


def shown(share: float) -> np.ndarray:
    """A crop of which so much is blue."""
    crop = np.zeros((256, 256, 3), np.uint8)
    crop.reshape(-1, 3)[: round(256 * 256 * share), 2] = 200
    return crop


def clips(count: int, *, fake: bool, mean: float) -> Iterator[Sample]:
    """Clips of sixteen frames, of which four in a row look more manipulated than the others."""
    rng = np.random.default_rng(3 + fake)
    for number in range(count):
        own = rng.normal(mean, 0.03)
        for frame in range(16):
            crop = shown(max(0.0, own + (0.05 if 4 <= frame < 8 else 0.0)))
            name = f"{'fake' if fake else 'real'}/{number}"
            yield Sample(crop, fake, "swap" if fake else None, None, name, time_s=float(frame))


@pytest.mark.parametrize("bpcer", [0.05, 0.2])
def test_the_policy_is_kept_for_clips_not_for_their_frames(bpcer: float, tmp_path: Path) -> None:
    judge = open_judge(write_colour_model(tmp_path / "colour.onnx"))
    source = Given([*clips(40, fake=False, mean=0.1), *clips(40, fake=True, mean=0.2)])
    policy = Policy(bpcer=bpcer, missed=0.1)
    facts = calibrate(Checkpoint(NetworkConfig(), {}), judge, source, policy, "clips").facts
    judge.note.update({name: facts[name] for name in ("calibration", "thresholds")})
    thresholds = Thresholds(**facts["thresholds"])
    rows = [row for row, _, _ in judge_rows(judge, source)]
    real = np.array([row.probability for row in as_clips(rows, thresholds) if not row.fake])
    fake = np.array([row.probability for row in as_clips(rows, thresholds) if row.fake])
    assert (real >= thresholds.manipulated).sum() == round(40 * bpcer)
    assert (fake <= thresholds.authentic).mean() <= 0.1
    assert thresholds.manipulated > 0.5
    frames = np.array([row.probability for row in rows if not row.fake])
    allowed = np.quantile(frames, 1 - bpcer)
    assert (real > allowed).mean() >= 1.5 * bpcer, "by the frames alone too much would be promised"
    at = facts["figures"]["calibration"]["equal_error_probability"]
    assert (real >= at).mean() == pytest.approx((fake < at).mean(), abs=0.051)


def test_two_looks_are_calibrated_as_they_are_taken(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    restore(Settings().model).save(tmp_path / "a.pt")
    people = write_people(tmp_path / "people", faces, 80)
    command = ["calibrate", str(tmp_path / "a.pt"), str(people), "--pairs", "6", "--looks", "2"]
    assert main([*command, "--missed", "0.5", "-o", str(tmp_path / "b.pt")]) == 0
    fitted = load_checkpoint(tmp_path / "b.pt")
    above = fitted.facts["second_look"]
    assert f"again as mirror images: where the difference is above {above:.3f}" in (
        capsys.readouterr().out
    )
    index = read_faces(Namespace(faces=people, landmarks=None))
    judge = open_judge(tmp_path / "b.pt")
    rule = crop_rule(judge.note["crop"], 256)
    source = SyntheticSource(part_of(index, "calibration"), tuple(FAMILIES), 6, rule)
    samples = [*source.samples()]
    crops = [sample.seen for sample in samples]
    once, mirrored = judge.look(crops), judge.look([crop[:, ::-1] for crop in crops])
    first = once[0] - once[1]
    fakes = [difference for difference, sample in zip(first, samples, strict=True) if sample.fake]
    assert sum(difference > above for difference in fakes) == 3
    (found,) = (verdicts for _, verdicts in judged(judge, samples))
    differences = found.activations[:, FAKE] - found.activations[:, REAL]
    averaged = (first + mirrored[0] - mirrored[1]) / 2
    np.testing.assert_allclose(differences, np.where(first > above, averaged, first), atol=1e-6)
    record = fitted.facts["figures"]["calibration"]
    truth = np.array([sample.fake for sample in samples])
    assert record["auc"] == pytest.approx(area_under_roc(differences[truth], differences[~truth]))
    _, at = equal_error(differences[truth], differences[~truth])
    logit = fitted.facts["calibration"]["slope"] * at + fitted.facts["calibration"]["intercept"]
    assert record["equal_error_probability"] == pytest.approx(1 / (1 + np.exp(-logit)))
    export(fitted, tmp_path / "b.onnx", check_pictures(256, 2))
    assert read_model_file(tmp_path / "b.onnx", Runtime()).spec.second_look == above


@pytest.mark.parametrize("looks", [1, 2])
def test_fakes_alone_cannot_calibrate(looks: int, astronaut: np.ndarray, tmp_path: Path) -> None:
    judge = open_judge(write_colour_model(tmp_path / "colour.onnx"))
    source = FolderSource(write_folders(tmp_path / "data", astronaut, 2), CropRule(), frames=2)
    fakes = [sample for sample in source.samples() if sample.fake]
    for one_class in (fakes, [replace(sample, fake=False, method=None) for sample in fakes]):
        with pytest.raises(ValueError, match="needs fakes and reals"):
            calibrate(
                Checkpoint(NetworkConfig(), {}), judge, Given(one_class), Policy(looks=looks), ""
            )


def test_one_class_cannot_calibrate(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict()).save(tmp_path / "a.pt")
    people = write_people(tmp_path / "people", faces, 80)
    command = ["calibrate", str(tmp_path / "a.pt"), str(people), "-o", str(tmp_path / "b.pt")]
    assert main([*command, "--pairs", "0"]) == 1
    assert "nothing to calibrate on" in capsys.readouterr().err
    assert not (tmp_path / "b.pt").exists()


def test_it_is_said_which_part_of_the_data_was_fitted_on(
    faces: FaceIndex, astronaut: np.ndarray, tmp_path: Path
) -> None:
    """Folders have no parts: who evaluates on them must know that it was fitted on them."""
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict()).save(tmp_path / "a.pt")
    people = write_people(tmp_path / "people", faces, 80)
    own = write_folders(tmp_path / "own", astronaut, 1)
    said = []
    for data, few in ((people, "--pairs"), (own, "--frames")):
        words = ["calibrate", str(tmp_path / "a.pt"), str(data), "-o", str(tmp_path / "b.pt")]
        assert main([*words, few, "2"]) == 0
        said.append(load_checkpoint(tmp_path / "b.pt").facts["figures"]["calibration"]["data"])
    assert said == ["calibration part of people (synthetic)", "all of own (folders)"]
