"""The paper's table is trained, measured and written, and goes on where it was cut."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.data.families import FAMILIES
from model_export.data.forge import Forge
from model_export.data.stored_pairs import PART, SETTINGS, open_folder, store_part
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from model_export.protocol import Protocol, ProtocolPlan
from model_export.sources.synthetic import part_of
from model_export.train import TrainConfig
from service.faces.crop import CropRule
from tests.model_export.labelled import write_people

ROWS = [
    "seen, matching",
    "seen, mismatching compression",
    "unseen: faceswap",
    "faceswap, fine-tuned on 4 pairs",
]


def test_every_cell_of_the_table_is_measured(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people, out = write_people(tmp_path / "people", faces, 80), tmp_path / "out"
    command = ["protocol", str(people), "-o", str(out), "--preset", "paper"]
    sizes = ["--pictures", "8", "--batch", "8", "--validation-pairs", "2", "--test-pairs", "4"]
    tuning = ["--tuning-pairs", "4", "--tuning-epochs", "1", "--workers", "0"]
    command += [*sizes, *tuning, "--unseen", "faceswap"]
    assert main(command) == 0
    cells = json.loads((out / "cells.json").read_text())
    assert [*cells["paper"]] == ROWS
    for cell in cells["paper"].values():
        assert set(cell) == {"eer", "pixel_accuracy", "iou"}
        assert all(0 <= value <= 1 for value in cell.values())
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert folders == {"paper", "paper-without-faceswap"}

    settings = json.loads((out / "paper/train.json").read_text())
    assert settings["train"]["rate"] == 1e-3, "the paper's"

    trained = (out / "paper/best.pt").stat().st_mtime_ns
    del cells["paper"][ROWS[1]]
    (out / "cells.json").write_text(json.dumps(cells))
    other = f"again={out / 'paper/best.pt'}"
    assert main([*command, "--other", other]) == 0
    assert (out / "paper/best.pt").stat().st_mtime_ns == trained
    cells = json.loads((out / "cells.json").read_text())
    assert set(cells["paper"]) == set(cells["again"]) == set(ROWS)
    assert cells["again"][ROWS[0]] == cells["paper"][ROWS[0]]
    assert "again: EER" in capsys.readouterr().out
    for other_plan in (["--test-pairs", "7"], ["--strength", "0"], ["--harder", "0.7"]):
        assert main([*command, *other_plan]) == 1
        assert "another plan" in capsys.readouterr().err
    assert main([*command, "--other", f"paper={out / 'paper/best.pt'}"]) == 1
    assert (out / "table.md").read_text().count("\n") == 2 + len(ROWS)


def test_another_checkpoint_of_the_same_name_is_not_given_its_figures(
    faces: FaceIndex, tmp_path: Path, in_place: set[str]
) -> None:
    folder = write_people(tmp_path / "people", faces, 80)
    people = load_index(folder, folder / "landmarks.npz")
    train = TrainConfig(workers=0)
    plan = ProtocolPlan(train, ("faceswap",), test_pairs=2, tuning_pairs=2, tuning_epochs=1)
    config = NetworkConfig(size=64)
    for name in ("a", "b"):
        Checkpoint(config, build_network(config).state_dict()).save(tmp_path / f"{name}.pt")
    out = tmp_path / "out"
    first = Protocol(people, plan, out).run([], {"other": tmp_path / "a.pt"})
    again = Protocol(people, plan, out).run([], {"other": tmp_path / "a.pt"})
    assert again == first
    with pytest.raises(ValueError, match="'other' was another checkpoint"):
        Protocol(people, plan, out).run([], {"other": tmp_path / "b.pt"})
    assert not {path.name for path in out.iterdir()} & in_place, "a cut run leaves them whole"


def test_a_run_goes_on_with_other_workers_and_with_its_weights_elsewhere(
    faces: FaceIndex, tmp_path: Path
) -> None:
    folder = write_people(tmp_path / "people", faces, 80)
    people = load_index(folder, folder / "landmarks.npz")
    for name, content in (("a", b"weights"), ("b", b"weights"), ("c", b"others")):
        (tmp_path / name).write_bytes(content)

    def begin(weights: str, workers: int) -> None:
        plan = ProtocolPlan(TrainConfig(workers=workers), imagenet=tmp_path / weights)
        Protocol(people, plan, tmp_path / "out")

    begin("a", 1)
    begin("b", 0)
    path = tmp_path / "out/plan.json"
    begun = json.loads(path.read_text())
    os.utime(path, (0, 0))
    begin("a", 1)
    assert path.stat().st_mtime == 0, "what is the same is not written again"
    older = begun | {"people": people.digest}
    path.write_text(json.dumps(older, indent=1))
    begin("a", 1)
    assert json.loads(path.read_text()) == begun
    # As Python writes no limit, which is no JSON.
    assert begun["plan"]["train"]["minutes"] is None
    path.write_text(path.read_text().replace('"minutes": null', '"minutes": Infinity'))
    begin("a", 1)
    assert "Infinity" not in path.read_text()
    with pytest.raises(ValueError, match="another plan"):
        begin("c", 1)
    # The same pictures, of other people: others of them are learned from.
    turned = replace(people, identities=people.identities[::-1])
    with pytest.raises(ValueError, match="another plan"):
        Protocol(turned, ProtocolPlan(TrainConfig(), imagenet=tmp_path / "a"), tmp_path / "out")
    people = people.subset(np.arange(79))
    with pytest.raises(ValueError, match="another plan"):
        begin("a", 1)


def test_the_rows_differ_in_what_they_say(faces: FaceIndex, tmp_path: Path) -> None:
    folder = write_people(tmp_path / "people", faces, 80)
    people = load_index(folder, folder / "landmarks.npz")
    train = TrainConfig(workers=0)
    plan = ProtocolPlan(train, ("faceswap",), test_pairs=4, tuning_pairs=4, tuning_epochs=1)
    network = build_network(NetworkConfig(size=64))
    Checkpoint(network.config, network.state_dict()).save(tmp_path / "a.pt")
    Protocol(people, plan, tmp_path / "out").run([], {"a": tmp_path / "a.pt"})
    cells = json.loads((tmp_path / "out/cells.json").read_text())
    seen, mismatched, unseen, _ = cells["a"].values()
    assert seen != mismatched, "its pictures are degraded more"
    assert seen != unseen, "its fakes are of one family"
    tuned = load_checkpoint(tmp_path / "out/judged.pt").facts["finetuned"]
    assert (tuned["methods"], tuned["epochs"]) == (["faceswap"], 1)
    assert tuned["crops"] + tuned["held_out_crops"] == 8


def test_a_family_is_unseen_by_the_network_that_is_tested_on_it(
    faces: FaceIndex, tmp_path: Path
) -> None:
    folder = write_people(tmp_path / "people", faces, 80)
    people = load_index(folder, folder / "landmarks.npz")
    plan = ProtocolPlan(
        TrainConfig(workers=0), ("faceswap",), test_pairs=2, tuning_pairs=2, tuning_epochs=1
    )
    networks = {}
    for seed, name in enumerate(("paper", "paper-without-faceswap")):
        torch.manual_seed(seed)
        network = build_network(NetworkConfig(size=64))
        networks[name] = Checkpoint(network.config, network.state_dict())
        networks[name].save(tmp_path / "out" / name / "best.pt")
        (tmp_path / "out" / name / "finished").touch()
    whole = {"whole": tmp_path / "out/paper/best.pt"}
    without = {"without": tmp_path / "out/paper-without-faceswap/best.pt"}
    Protocol(people, plan, tmp_path / "out").run(["paper"], whole | without)
    cells = json.loads((tmp_path / "out/cells.json").read_text())
    for row, name in zip(ROWS[:3], ("whole", "whole", "without"), strict=True):
        assert cells["paper"][row] == cells[name][row]
    assert cells["whole"][ROWS[2]] != cells["without"][ROWS[2]]


def test_trainings_learn_from_stored_pairs_but_for_what_they_leave_out(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_people(tmp_path / "people", faces, 80)
    people = part_of(load_index(folder, folder / "landmarks.npz"), "training")
    stored = tmp_path / "stored"
    open_folder(stored, Forge(people, CropRule(), tuple(FAMILIES), 0.5), seed=0)
    pair = Forge(people, CropRule(), ("faceswap",), 0.5).draw(np.random.default_rng(0))
    store_part(stored / "0.pairs", [pair] * PART)
    out = tmp_path / "out"
    command = ["protocol", str(folder), "-o", str(out), "--preset", "paper", "--workers", "0"]
    command += ["--pictures", "8", "--batch", "4", "--validation-pairs", "2"]
    command += ["--unseen", "faceswap", "--stored", str(stored)]
    assert main(command) == 1
    assert "stored holds no pairs to learn from yet" in capsys.readouterr().err
    assert (out / "paper/finished").is_file()
    assert not (out / "paper-without-faceswap/finished").exists()

    other = json.loads((stored / SETTINGS).read_text()) | {"seed": 1}
    (stored / SETTINGS).write_text(json.dumps(other))
    assert main(command) == 1
    assert "another plan" in capsys.readouterr().err


def test_weights_that_are_not_there_are_missed_before_anything_is_trained(
    faces_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["protocol", str(faces_folder), "-o", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main([*words, "--imagenet", str(tmp_path / "absent.pth")])
    assert main([*words, "--other", f"a={tmp_path / 'absent.pt'}"]) == 1
    assert "absent.pt does not exist" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
