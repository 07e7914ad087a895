"""Models that are shown enlarged faces sharpened: what they say of it and who does it."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model_export.average import average
from model_export.checkpoint import UNKNOWN_PEOPLE, Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.commands.provenance import all_learned_from, inherited_facts
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.pairs import collate
from model_export.description import crop_rule, describe
from model_export.export import check_pictures, export
from model_export.finetune import FinetuneConfig, _truth, augment
from model_export.judge import judged
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL
from model_export.networks.factory import build_network
from model_export.restore import restore
from model_export.sources.folders import FolderSource
from model_export.sources.sample import Sample
from model_export.sources.synthetic import SyntheticSource
from model_export.start import start
from service.faces.crop import CropRule
from service.faces.sharpening import amount_at, sharpened

SHIPPED = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"
LED = replace(MOBILE_CONFIG, lead=0.1)


def test_the_fake_half_competes_with_its_lead() -> None:
    plain = restore(SHIPPED)
    pictures = torch.from_numpy(check_pictures(256, 4)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        without = replace(plain, config=MOBILE_CONFIG).build()(pictures)
        given = replace(plain, config=LED).build()(pictures)
        # A lead that decides every contest: the mask is what the fake half draws.
        always = replace(plain, config=replace(LED, lead=9.0)).build()(pictures)
        told = replace(plain, config=MOBILE_CONFIG).build()(pictures, torch.tensor([FAKE] * 4))
    torch.testing.assert_close(given.activations[:, FAKE], without.activations[:, FAKE] + 0.1)
    assert torch.equal(given.activations[:, REAL], without.activations[:, REAL])
    assert torch.equal(always.mask_logits, told.mask_logits)


def test_a_lead_is_exported_read_back_and_given_up_by_training(tmp_path: Path) -> None:
    led = replace(restore(SHIPPED), config=LED)
    export(led, tmp_path / "m.onnx", check_pictures(256, 2))
    assert restore(tmp_path / "m.onnx").config == LED
    assert start(MOBILE_CONFIG, model=tmp_path / "m.onnx").config == MOBILE_CONFIG


def test_the_command_sets_both_and_drops_what_was_fitted_without(tmp_path: Path) -> None:
    facts = {"crop": {"scale": 1.2}, "averaged": 0.5, "calibration": {"slope": 2.0}}
    weights = build_network(MOBILE_CONFIG).state_dict()
    Checkpoint(MOBILE_CONFIG, weights, facts).save(tmp_path / "a.pt")
    words = ["sharpen", str(tmp_path / "a.pt"), "4", "--lead", "0.1", "-o", str(tmp_path / "b.pt")]
    assert main(words) == 0
    changed = load_checkpoint(tmp_path / "b.pt")
    assert changed.config == LED
    assert changed.facts == {"crop": {"scale": 1.2, "sharpening": 4.0}, "averaged": 0.5}
    assert crop_rule(describe(changed, True)["crop"], 256) == CropRule(1.2, 256, 4.0)
    # Of an exported file it is still known that its reconstruction branch is a new one.
    assert main([*words[:1], str(SHIPPED), *words[2:]]) == 0
    assert load_checkpoint(tmp_path / "b.pt").facts["restored"]


def test_a_strength_out_of_range_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["sharpen", str(tmp_path), "11", "-o", str(tmp_path / "b.pt")])
    assert "11 is not between 0 and 10" in capsys.readouterr().err


def test_pairs_are_learnt_from_and_judged_as_sharp_as_the_service_cuts_them(
    faces: FaceIndex,
) -> None:
    rule = CropRule(size=256, sharpening=4.0)
    forge = Forge(faces, rule, strength=0.5)
    pairs = [forge.pair(0, np.random.default_rng(seed)) for seed in range(4)]
    assert max(pair.sharpening for pair in pairs) > 0
    batch = collate(pairs).pictures.numpy()
    for number, pair in enumerate(pairs):
        assert np.array_equal(batch[number], sharpened(pair.real, pair.sharpening))
        assert np.array_equal(batch[4 + number], sharpened(pair.fake, pair.sharpening))
    samples = [*SyntheticSource(faces, ("deepfakes",), 2, rule).samples()]
    assert samples[0].sharpening == samples[1].sharpening > 0


class Recorder:
    """A judge that keeps what it is shown."""

    note: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.shown = np.zeros((0, 8, 8, 3), np.uint8)

    def look(self, crops: Sequence[NDArray[np.uint8]]) -> list[NDArray[Any]]:
        self.shown = np.stack(crops)
        return [np.zeros(len(crops)), np.zeros(len(crops)), self.shown[..., 0]]


def test_a_judge_and_fine_tuning_are_shown_the_sharpened_crop() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    sample = Sample(crop, True, None, None, "a", sharpening=1.2)
    recorder = Recorder()
    [*judged(recorder, [sample])]
    assert np.array_equal(recorder.shown[0], sharpened(crop, 1.2))
    learnt = _truth([sample], torch.device("cpu")).pictures[0].permute(1, 2, 0).numpy() * 255
    assert np.array_equal(np.rint(learnt).astype(np.uint8), sharpened(crop, 1.2))
    again = augment(sample, FinetuneConfig(), np.random.default_rng(0))
    assert again.sharpening == sample.sharpening


def test_a_picture_without_a_face_is_sharpened_as_much_as_it_is_enlarged(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(90, 160, (128, 128, 3), np.uint8)
    for name in ("real", "fake"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), picture)
    plain, sharp = (
        next(FolderSource(tmp_path, CropRule(sharpening=strength)).samples()).seen
        for strength in (0.0, 4.0)
    )
    assert np.array_equal(sharp, sharpened(plain, amount_at(4.0, 2.0)))


@pytest.mark.parametrize("command", ["calibrate", "evaluate", "finetune", "train"])
def test_every_command_takes_the_sharpening_from_the_model(
    command: str,
    faces: FaceIndex,
    faces_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = str(tmp_path / "m.pt")
    assert main(["sharpen", str(SHIPPED), "3", "-o", model]) == 0
    seen: list[CropRule] = []

    def taken(*arguments: Any, **_: Any) -> None:
        seen.extend(one for one in arguments if isinstance(one, CropRule))
        raise ValueError("seen enough")

    module = importlib.import_module(f"model_export.commands.{command}")
    monkeypatch.setattr(module, "Forge" if command == "train" else "open_source", taken)
    words = [command, model, str(faces_folder)]
    if command == "train":
        monkeypatch.setattr("model_export.commands.sources.read_faces", lambda _: faces)
        words = [command, str(faces_folder), "--preset", "mobile", "--start-from", model]
    assert main([*words, "-o", str(tmp_path / "out")]) == 1
    assert [rule.sharpening for rule in seen] == [3.0]


def test_a_model_that_goes_on_says_what_it_learns_from_beside_what_it_knew() -> None:
    before = restore(SHIPPED).facts
    after = inherited_facts(SHIPPED, "5 pictures of mine")
    assert after["training_data"] == (
        f"{before['training_data']}; trained further on 5 pictures of mine"
    )
    assert (after["licence"], after["crop"]) == (before["licence"], before["crop"])
    assert inherited_facts(None, "5 pictures of mine") == {}


def test_who_goes_on_from_people_whom_nobody_wrote_down_knows_more_than_those_of_now(
    faces: FaceIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shipped = restore(SHIPPED)
    assert all_learned_from(inherited_facts(SHIPPED, "5 pictures of mine"), faces) == (
        f"{shipped.facts['people']}+{faces.digest}"
    )
    older = tmp_path / "older.pt"
    replace(shipped, facts=shipped.facts | {"people": None}).save(older)
    assert all_learned_from(inherited_facts(older, "5 pictures of mine"), faces) == (
        f"{UNKNOWN_PEOPLE}+{faces.digest}"
    )
    assert "that nobody wrote down" in caplog.text
    assert all_learned_from({}, faces) == faces.digest


def test_a_lead_is_kept_unless_another_is_given(tmp_path: Path) -> None:
    before = restore(SHIPPED).config.lead
    for words, lead in (([], before), (["--lead", "0.3"], 0.3)):
        assert main(["sharpen", str(SHIPPED), "2", *words, "-o", str(tmp_path / "m.pt")]) == 0
        assert load_checkpoint(tmp_path / "m.pt").config.lead == lead


def test_a_model_with_a_lead_is_averaged_with_what_training_made_of_it() -> None:
    weights = build_network(MOBILE_CONFIG).state_dict()
    before, after = Checkpoint(LED, weights), Checkpoint(MOBILE_CONFIG, weights)
    assert average(before, after, 0.5).config == MOBILE_CONFIG
