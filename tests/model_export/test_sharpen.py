"""Models that are shown enlarged faces sharpened: what they say of it and who does it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.pairs import collate
from model_export.description import crop_rule, describe
from model_export.export import check_pictures, export
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL
from model_export.networks.factory import build_network
from model_export.restore import restore
from model_export.sources.synthetic import SyntheticSource
from model_export.train import start
from service.faces.crop import CropRule
from service.faces.sharpening import sharpened

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
    assert all(np.array_equal(s.seen, sharpened(s.crop, s.sharpening)) for s in samples)
    assert samples[0].sharpening == samples[1].sharpening > 0
