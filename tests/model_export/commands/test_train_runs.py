"""`train`: one run in one folder, with one set of settings from its begin to its end."""

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model_export.checkpoint import load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.networks.contract import MOBILE_CONFIG
from model_export.networks.factory import build_network
from model_export.sources.synthetic import HELD_OUT
from tests.model_export import cuts
from tests.model_export.labelled import files, save, write_coloured_people

QUICK = [
    *("--preset", "mobile", "--pictures", "2", "--batch", "2"),
    *("--workers", "0", "--validation-pairs", "1"),
]
SAME = ["--crop-scale", "1.1", "--strength", "0.5", "--leave-out", "lip_sync", "--edited", "1"]
"""Settings of the run that goes on, which are not the defaults."""


def train(people: Path, out: Path, *words: str) -> int:
    return main(["train", str(people), "-o", str(out), *QUICK, *words])


@pytest.fixture(scope="module")
def finished(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two pictures."""
    out = tmp_path_factory.mktemp("finished") / "run"
    assert train(people, out, *SAME) == 0
    return out


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


def test_a_training_on_own_pictures_says_that_the_forge_has_terms_of_its_own(
    people: Path, finished: Path
) -> None:
    said = load_checkpoint(finished / "best.pt").facts["training_data"]
    assert said.startswith(f"30 pictures of {people.name}, manipulated by the forge")
    assert "LICENSE.weights" in said


def test_a_cut_training_goes_on_with_what_was_said_of_its_start(
    people: Path, finished: Path, tmp_path: Path
) -> None:
    saved = load_checkpoint(finished / "best.pt")
    start, out = tmp_path / "start.pt", tmp_path / "run"
    said = {**saved.facts, "training_data": "faces of theirs", "licence": "research only"}
    replace(saved, facts=said).save(start)
    assert train(people, out, *SAME, "--start-from", str(start)) == 0
    begun = load_checkpoint(out / "last.pt").facts
    assert train(people, out, *SAME, "--resume", "--pictures", "4") == 0
    facts = load_checkpoint(out / "last.pt").facts
    assert facts["training_data"].startswith("faces of theirs; trained further on 30 pictures")
    assert [facts[name] for name in ("training_data", "licence")] == [
        begun[name] for name in ("training_data", "licence")
    ]


@pytest.mark.parametrize("left", ["last.pt", "best.pt", "metrics.csv"])
def test_a_second_run_does_not_overwrite_the_first(
    left: str, people: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in run.iterdir():
        if path.name != left:
            path.unlink()
    before = files(run)
    assert train(people, run, *SAME) == 1
    assert f"already holds {left} of another run: give --resume" in capsys.readouterr().err
    assert files(run) == before


@pytest.mark.parametrize("more", [[], ["--resume"]], ids=["as-if-new", "resume"])
def test_a_run_that_was_cut_before_its_first_check_may_be_begun_again(
    more: list[str], people: Path, tmp_path: Path
) -> None:
    (tmp_path / "train.json").write_text("{}")
    assert train(people, tmp_path, *more) == 0
    assert (tmp_path / "best.pt").is_file()


def test_where_no_run_began_none_goes_on(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(people, tmp_path, "--resume") == 1
    assert "last.pt: No such file" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_run_goes_on_with_a_longer_schedule(people: Path, run: Path) -> None:
    assert train(people, run, *SAME, "--resume", "--pictures", "4", "--minutes", "60") == 0
    saved = load_checkpoint(run / "last.pt")
    assert saved.resume["seen"] == 4
    assert saved.facts["crop"] == {"scale": 1.1}
    assert saved.facts["strength"] == 0.5
    assert saved.facts["edited"] == 1.0
    assert "lip_sync" not in saved.facts["families"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (SAME[2:], "crop scale 1.1 and cannot go on with 1.3"),
        ([*SAME[:2], *SAME[4:]], "strength 0.5 and cannot go on with 1.0"),
        ([*SAME[:4], *SAME[6:]], "face2face and cannot go on with .*face2face, lip_sync"),
        (SAME[:6], "edited 1.0 and cannot go on with 0.0"),
        ([*SAME, "--preset", "paper"], "network preset mobile and cannot go on with paper"),
    ],
    ids=("crop", "strength", "families", "edited", "preset"),
)
def test_a_run_does_not_go_on_with_other_settings(
    words: list[str], reason: str, people: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(run)
    assert train(people, run, "--resume", "--pictures", "4", *words) == 1
    said = capsys.readouterr().err
    begun = f"unmask-model train: this run was begun with .*{reason}"
    assert re.fullmatch(f"{begun}: repeat the options it was begun with\n", said)
    assert files(run) == before


def test_a_run_does_not_go_on_with_pairs_from_elsewhere(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs"
    assert main(["store-pairs", str(people), "-n", "4", "-o", str(pairs), "--workers", "1"]) == 0
    assert train(people, tmp_path / "run", "--stored", str(pairs)) == 0
    assert load_checkpoint(tmp_path / "run/last.pt").facts["stored"] is True
    assert train(people, tmp_path / "run", "--resume", "--pictures", "4") == 1
    assert "stored True and cannot go on with False" in capsys.readouterr().err
    more = ["--resume", "--pictures", "4", "--stored", str(pairs)]
    assert train(people, tmp_path / "run", *more) == 0


def test_a_run_from_before_settings_were_recorded_goes_on(people: Path, run: Path) -> None:
    content: dict[str, Any] = torch.load(run / "last.pt", weights_only=True)
    for name in ("families", "strength", "edited", "crop"):
        del content["facts"][name]
    torch.save(content, run / "last.pt")
    assert train(people, run, "--resume", "--pictures", "4") == 0
    assert load_checkpoint(run / "last.pt").facts["strength"] == 1.0


def test_the_seed_seeds_the_first_weights(people: Path, tmp_path: Path) -> None:
    # At the lowest rate one step leaves the weights nearly as they were drawn.
    assert train(people, tmp_path, "--seed", "5", "--rate", "1e-6") == 0
    trained = load_checkpoint(tmp_path / "last.pt").resume["network"]
    as_drawn = {}
    for seed in (5, 6):
        torch.manual_seed(seed)
        as_drawn[seed] = all(
            torch.allclose(weights, trained[name], rtol=0, atol=1e-5)
            for name, weights in build_network(MOBILE_CONFIG).named_parameters()
        )
    assert as_drawn == {5: True, 6: False}


def test_held_out_people_give_the_figures_and_teach_nothing(
    people: Path, faces: FaceIndex, tmp_path: Path
) -> None:
    _, held_out = load_index(people, people / "landmarks.npz").split(HELD_OUT, seed=0)
    others = shutil.copytree(people, tmp_path / "others")
    for position, name in enumerate(held_out.names):
        save(others / name, 255 - held_out.read(position).pixels)
    learned, figures = [], []
    for folder in (people, others):
        out = tmp_path / f"run-{folder.name}"
        assert train(folder, out, "--validation-pairs", "2") == 0
        learned.append(load_checkpoint(out / "last.pt").resume["network"])
        with (out / "metrics.csv").open(newline="") as file:
            row = next(csv.DictReader(file))
        figures.append({name: row[name] for name in ("iou", "false_mask")})
    assert figures[0] != figures[1]
    assert all(torch.equal(learned[0][name], learned[1][name]) for name in learned[0])


@pytest.mark.parametrize("command", ["train", "train-generators"])
def test_one_person_is_too_few(
    command: str, faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = write_coloured_people(tmp_path / "alone", faces, 1)
    assert main([command, str(alone), "-o", str(tmp_path / "out")]) == 1
    assert "it takes two" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_who_goes_on_from_a_model_of_other_pictures_is_told_and_so_is_who_measures_it(
    people: Path, finished: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may know some of those that the pictures of now hold out."""
    others = shutil.copytree(people, tmp_path / "others")
    digests = []
    for folder in (people, others):
        training, _ = load_index(folder, folder / "landmarks.npz").split(HELD_OUT, seed=0)
        digests.append(training.digest)
        if folder == people:
            (others / training.names[0]).unlink()
    start = ["--start-from", str(finished / "best.pt")]
    warning = "learned from other pictures"
    assert train(people, tmp_path / "same", *start) == 0
    assert warning not in caplog.text
    assert load_checkpoint(tmp_path / "same/best.pt").facts["people"] == digests[0]
    assert train(others, tmp_path / "run", *start) == 0
    assert warning in caplog.text
    both = "+".join(digests)
    for name in ("start.pt", "best.pt"):
        assert load_checkpoint(tmp_path / "run" / name).facts["people"] == both
    # Going on again forgets neither, and a cut run may go on.
    assert train(others, tmp_path / "run", *start, "--resume", "--pictures", "4") == 0
    assert train(others, tmp_path / "on", "--start-from", str(tmp_path / "run/best.pt")) == 0
    assert load_checkpoint(tmp_path / "on/best.pt").facts["people"] == both


@pytest.mark.parametrize("restored", [False, True])
def test_a_fresh_reconstruction_branch_is_one_until_it_was_trained(
    restored: bool, people: Path, finished: Path, tmp_path: Path
) -> None:
    before = load_checkpoint(finished / "best.pt")
    facts = before.facts | {"restored": restored}
    replace(before, facts=facts).save(tmp_path / "before.pt")
    out = tmp_path / "run"
    assert train(people, out, "--start-from", str(tmp_path / "before.pt")) == 0
    assert load_checkpoint(out / "start.pt").facts.get("restored", False) == restored
    assert "restored" not in load_checkpoint(out / "best.pt").facts


@pytest.mark.parametrize("start", [False, True], ids=["afresh", "start-from"])
def test_a_run_that_was_cut_in_its_first_check_begins_anew(
    start: bool, people: Path, finished: Path, tmp_path: Path
) -> None:
    """Its row is there, and its best, but nothing that it could go on from."""
    more = ["--start-from", str(finished / "best.pt")] if start else []
    with cuts.before("last.pt"):
        assert train(people, tmp_path, *more) == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"train.json", "metrics.csv", "best.pt", *(["start.pt"] if start else [])}
    for name in left & {"best.pt", "start.pt"}:
        (tmp_path / name).write_bytes(b"of the cut run")
    assert train(people, tmp_path, *more, "--resume") == 0
    assert load_checkpoint(tmp_path / "best.pt").facts["training"]["pictures"] == 2
    if start:
        assert load_checkpoint(tmp_path / "start.pt").weights
    assert (tmp_path / "metrics.csv").read_text().count("\n") == 2


def test_a_longer_run_whose_last_checkpoint_was_removed_keeps_its_best(
    people: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(people, run, *SAME, "--resume", "--pictures", "4") == 0
    (run / "last.pt").unlink()
    before = files(run)
    assert train(people, run, *SAME, "--resume", "--pictures", "4") == 1
    assert "last.pt: No such file" in capsys.readouterr().err
    assert files(run) == before
