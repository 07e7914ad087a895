"""The 8-bit export: a file that keeps the contract and says how far off it is."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from model_export.agreement import (
    LEAST_IOU,
    LEAST_VERDICTS,
    Agreement,
    Answers,
    Outputs,
    compare,
)
from model_export.checkpoint import Checkpoint
from model_export.cli import main
from model_export.export import check_pictures, export, open_session
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from model_export.quantise import quantise
from service.inference.model_file import MASK_FLOOR, read_model_file
from service.runtime import Runtime
from service.settings import Settings

NOTE = {
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "thresholds": {"manipulated": 0.7, "authentic": 0.3, "mask": 128, "method": 0.5},
}


def outputs(
    fake: list[float], real: list[float], mask: NDArray[np.uint8]
) -> dict[str, NDArray[np.generic]]:
    return {
        "fake_activation": np.array(fake, np.float32),
        "real_activation": np.array(real, np.float32),
        "mask": mask,
    }


def said(looked: Outputs) -> Answers:
    return Answers(looked, looked, NOTE)


def test_the_command_writes_a_smaller_companion_with_its_agreement(
    export_words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(export_words) == 0
    more = ["--optional-mask", "--int8", "--calibration-pictures", str(tmp_path / "faces")]
    assert main([*export_words, *more]) == 0
    assert "8 bits against float on 2 pictures" in capsys.readouterr().out
    float_file, small_file = tmp_path / "m.onnx", tmp_path / "m.int8.onnx"
    assert small_file.stat().st_size < 0.7 * float_file.stat().st_size
    session = open_session(small_file)
    note = json.loads(session.get_modelmeta().custom_metadata_map["unmask"])
    assert note["quantised"]["pictures"] == 2
    digest = hashlib.sha256(float_file.read_bytes()).hexdigest()
    assert note["quantised"]["source_sha256"] == digest
    assert 0 < note["quantised"]["activation_max_abs"] < 0.1
    fake, real, mask = session.run(None, {"image": check_pictures(256, 3)})
    assert (fake.shape, real.shape, mask.shape, mask.dtype) == ((3,), (3,), (3, 256, 256), np.uint8)
    without = {"image": check_pictures(256, 3), MASK_FLOOR: np.array(np.inf, np.float32)}
    skipped = session.run(["mask"], without)
    assert skipped[0].shape == (0, 256, 256)


def test_a_folder_without_pictures_is_said_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Checkpoint(NetworkConfig(), build_network(NetworkConfig()).state_dict()).save(tmp_path / "c.pt")
    words = ["export", str(tmp_path / "c.pt"), "-o", str(tmp_path / "m.onnx"), "--int8"]
    assert main([*words, "--calibration-pictures", str(tmp_path / "mistyped")]) == 1
    assert "mistyped" in capsys.readouterr().err
    assert main([*words, "--plain", "--calibration-pictures", str(tmp_path)]) == 1
    assert not (tmp_path / "m.onnx").exists()


def test_it_needs_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Checkpoint(NetworkConfig(), build_network(NetworkConfig()).state_dict()).save(tmp_path / "c.pt")
    assert main(["export", str(tmp_path / "c.pt"), "-o", str(tmp_path / "m.onnx"), "--int8"]) == 1
    assert "--calibration-pictures" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_agreement_counts_verdicts_and_overlaps() -> None:
    mask = np.zeros((2, 4, 4), np.uint8)
    mask[0, :2] = 255
    half = np.zeros((2, 4, 4), np.uint8)
    half[0, :1] = 255
    exact = outputs([2.0, 0.0], [0.0, 2.0], mask)
    agreement = compare(said(exact), said(outputs([2.0, 2.0], [0.5, 2.0], half)))
    assert agreement.verdicts == 0.5
    assert agreement.activation_max_abs == 2.0
    assert agreement.mask_iou == 0.5
    assert compare(said(exact), said(exact)).mask_iou == 1.0
    empty = outputs([2.0, 0.0], [0.0, 2.0], np.zeros_like(mask))
    assert compare(said(empty), said(empty)).mask_iou is None


def test_at_its_threshold_a_verdict_is_certain_as_in_the_service() -> None:
    mask = np.zeros((1, 4, 4), np.uint8)
    at = said(outputs([0.0], [0.0], mask))
    note = {**NOTE, "thresholds": {**NOTE["thresholds"], "manipulated": 0.5}}
    exact, above = Answers(at.first, at.final, note), said(outputs([9.0], [0.0], mask))
    assert compare(exact, Answers(above.first, above.final, note)).verdicts == 1.0


def test_what_rounding_moves_on_average_is_taken_back_by_the_calibration() -> None:
    corrected = {**NOTE, "calibration": {"slope": 1.0, "intercept": -3.0}}
    mask = np.zeros((2, 4, 4), np.uint8)
    exact, moved = outputs([2.0, 0.0], [0.0, 2.0], mask), outputs([5.0, 3.0], [0.0, 2.0], mask)
    assert compare(said(exact), said(moved)).verdicts == 0.5
    assert compare(said(exact), Answers(moved, moved, corrected)).verdicts == 1.0


def test_the_new_file_s_calibration_takes_back_what_its_ranges_pictures_show(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    config, pictures = NetworkConfig(), check_pictures(256, 4)
    exact, small = tmp_path / "m.onnx", tmp_path / "m.int8.onnx"
    export(Checkpoint(config, build_network(config).state_dict()), exact, pictures)
    quantise(exact, small, pictures)
    sessions = [open_session(path) for path in (exact, small)]
    notes = [json.loads(s.get_modelmeta().custom_metadata_map["unmask"]) for s in sessions]
    before, after = (
        np.subtract(*s.run(["fake_activation", "real_activation"], {"image": pictures[::2]}))
        for s in sessions
    )
    slope, intercept = notes[0]["calibration"]["slope"], notes[0]["calibration"]["intercept"]
    expected = intercept - slope * float((after - before).mean())
    assert notes[1]["calibration"]["intercept"] == pytest.approx(expected, rel=1e-4)
    assert notes[1]["calibration"]["intercept"] != intercept


def test_verdicts_are_compared_as_they_are_given_after_two_looks() -> None:
    model, crops = Settings().model, check_pictures(256, 2)
    once = Answers.of(model, crops, NOTE)
    assert once.first is once.final
    mirrored = Answers.of(model, crops[:, :, ::-1], NOTE)
    twice = Answers.of(model, crops, NOTE | {"second_look": -2.0})
    for name in ("fake_activation", "real_activation"):
        np.testing.assert_array_equal(twice.first[name], once.first[name])
        expected = (once.first[name] + mirrored.first[name]) / 2
        np.testing.assert_allclose(twice.final[name], expected, atol=1e-6)
    assert not np.array_equal(twice.final["fake_activation"], twice.first["fake_activation"])


def test_activations_are_compared_at_a_first_look_and_verdicts_in_the_end() -> None:
    mask = np.zeros((2, 4, 4), np.uint8)
    exact, moved = outputs([2.0, 0.0], [0.0, 2.0], mask), outputs([2.0, 3.0], [0.0, 2.0], mask)
    first = compare(said(exact), Answers(moved, exact, NOTE))
    assert (first.activation_max_abs, first.verdicts) == (3.0, 1.0)
    final = compare(said(exact), Answers(exact, moved, NOTE))
    assert (final.activation_max_abs, final.verdicts) == (0.0, 0.5)


def test_a_rounded_file_looks_again_where_the_float_one_would(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config, pictures = NetworkConfig(), check_pictures(256, 4)
    exact, small = tmp_path / "m.onnx", tmp_path / "m.int8.onnx"
    facts = {"second_look": -0.2}
    export(Checkpoint(config, build_network(config).state_dict(), facts), exact, pictures)
    quantise(exact, small, pictures)
    before, after = (read_model_file(path, Runtime()).spec for path in (exact, small))
    moved = (before.calibration.intercept - after.calibration.intercept) / before.calibration.slope
    assert moved != 0
    assert after.second_look == pytest.approx(-0.2 + moved)


def test_the_file_asks_for_no_operators_that_it_does_not_use(
    export_words: list[str], tmp_path: Path
) -> None:
    words = [*export_words, "--int8", "--calibration-pictures", str(tmp_path / "faces")]
    assert main(words) == 0
    model = onnx.load(tmp_path / "m.int8.onnx")
    assert {entry.domain for entry in model.opset_import} == {n.domain for n in model.graph.node}


def test_a_rounded_model_that_has_become_another_is_told() -> None:
    good = Agreement(8, 0.01, 0.05, LEAST_VERDICTS, LEAST_IOU)
    assert good.good
    assert replace(good, mask_iou=None).good
    assert not replace(good, mask_iou=0.0).good
    assert not replace(good, verdicts=LEAST_VERDICTS - 0.01).good


def test_the_decoder_takes_bytes_from_outside_and_not_floats() -> None:
    """Or its first convolutions would be computed in floats, at twice the cost."""
    graph = onnx.load("service/weights/unmask.int8.onnx").graph
    (switch,) = [node for node in graph.node if node.op_type == "If"]
    decoder = next(each.g for each in switch.attribute if each.name == "then_branch")
    outside = {
        name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output
    }
    inside = {name for node in decoder.node for name in node.input}
    assert not outside & inside
    assert any(node.op_type == "DequantizeLinear" for node in decoder.node)
