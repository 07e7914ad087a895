"""Training: it learns, it resumes, it leaves its figures behind."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.checkpoint import load_checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge, Pair
from model_export.data.pairs import Batch, PairDataset, PairMaker, collate
from model_export.data.rng import Rng
from model_export.losses import NO_METHOD
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL, NetworkConfig
from model_export.networks.factory import build_network
from model_export.start import start
from model_export.train import TrainConfig, Trainer
from model_export.validate import validate
from service.faces.crop import CropRule
from tests.model_export import cuts

SHORT = TrainConfig(
    pictures=16, batch=8, validation_pairs=4, validate_every=8, workers=0, rate=1e-3
)
TINY = replace(SHORT, pictures=4, batch=2, validation_pairs=1, validate_every=2)


@pytest.fixture(scope="module")
def forge(faces: FaceIndex) -> Forge:
    return Forge(faces, CropRule(size=64))


@pytest.fixture(scope="module")
def held_out(forge: Forge) -> list[Batch]:
    return [collate([PairDataset(forge, 4, seed=3)[k] for k in range(4)])]


SMALL = NetworkConfig(size=64)


class CutOff:
    """A forge that a kill stops when it has made so many pairs."""

    def __init__(self, forge: Forge, pairs: int) -> None:
        self._forge, self._left = forge, pairs

    def draw(self, rng: Rng) -> Pair:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return self._forge.draw(rng)


def trainer(
    forge: Forge,
    folder: Path,
    config: TrainConfig = SHORT,
    training: PairMaker | None = None,
    *,
    form: NetworkConfig = SMALL,
) -> Trainer:
    torch.manual_seed(0)
    network = build_network(form)
    return Trainer(network, training or forge, forge, config, folder)


def test_a_batch_holds_every_fake_beside_its_own_real(forge: Forge) -> None:
    batch = collate([PairDataset(forge, 4, seed=1)[k] for k in range(4)])
    truth = batch.truth(torch.device("cpu"))
    assert truth.winner.tolist() == [REAL] * 4 + [FAKE] * 4
    assert truth.masks[:4].max() == 0
    assert bool((truth.masks[4:].amax((1, 2, 3)) > 0.5).all())
    assert truth.methods[:4].tolist() == [NO_METHOD] * 4
    outside = truth.masks[4:] == 0
    difference = (truth.pictures[4:] - truth.pictures[:4]).abs().mean(1, keepdim=True)
    assert difference[outside].mean() < difference[~outside].mean()


def test_the_same_seed_gives_the_same_pictures(forge: Forge) -> None:
    first, again = (PairDataset(forge, 3, seed=5)[2] for _ in range(2))
    other = PairDataset(forge, 3, seed=6)[2]
    assert np.array_equal(first.fake, again.fake)
    assert not np.array_equal(first.fake, other.fake)


def test_steps_on_one_batch_lower_every_loss(forge: Forge, tmp_path: Path) -> None:
    long = TrainConfig(pictures=100_000, batch=8, workers=0, rate=2e-3)
    run = trainer(forge, tmp_path, long)
    batch = collate([PairDataset(forge, 4, seed=1)[k] for k in range(4)])
    first = run.step(batch)
    for _ in range(60):
        run.seen += 200
        last = run.step(batch)
    assert set(first) == {"activation", "segmentation", "reconstruction"}
    assert all(last[name] < first[name] for name in first)


def test_a_run_leaves_figures_and_checkpoints(forge: Forge, tmp_path: Path) -> None:
    best = trainer(forge, tmp_path).run()
    assert load_checkpoint(best).config == NetworkConfig(size=64)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["pictures"]) for row in rows] == [8, 16]
    assert 0 <= float(rows[-1]["auc"]) <= 1
    assert 0 <= float(rows[-1]["eer"]) <= 1
    settings = json.loads((tmp_path / "train.json").read_text())["train"]
    assert (settings["pictures"], settings["minutes"]) == (16, None)


@pytest.mark.parametrize("form", [SMALL, replace(MOBILE_CONFIG, size=64)], ids=["paper", "mobile"])
def test_a_cut_run_ends_as_if_it_had_never_been_cut(
    form: NetworkConfig, forge: Forge, tmp_path: Path
) -> None:
    """What `mobile` drops at random, too, is that of the uncut run."""
    whole = trainer(forge, tmp_path / "whole", form=form)
    whole.run()
    cut = trainer(forge, tmp_path / "cut", training=CutOff(forge, 4), form=form)
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    again = trainer(forge, tmp_path / "cut", form=form)
    again.resume(tmp_path / "cut" / "last.pt")
    assert (again.seen, again.best) == (8, cut.best)
    again.run()
    assert again.seen == 16
    for one, other in ((whole.network, again.network), (whole.averaged, again.averaged)):
        for name, tensor in one.state_dict().items():
            assert torch.allclose(tensor, other.state_dict()[name], rtol=0, atol=1e-7), name


def test_a_finished_run_goes_on_for_more_pictures_only(forge: Forge, tmp_path: Path) -> None:
    trainer(forge, tmp_path, TINY).run()
    last = tmp_path / "last.pt"
    before = last.read_bytes()
    for pictures in (2, 4):
        again = trainer(forge, tmp_path, replace(TINY, pictures=pictures))
        again.resume(last)
        again.run()
        assert last.read_bytes() == before
    longer = trainer(forge, tmp_path, replace(TINY, pictures=6))
    longer.resume(last)
    longer.run()
    assert load_checkpoint(last).resume["seen"] == 6


def test_a_run_does_not_go_on_with_another_width(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    trainer(forge, tmp_path).check(held_out, {})
    wide = build_network(NetworkConfig(size=64, width=2))
    with pytest.raises(
        ValueError,
        match=r"network width 1 and cannot go on with 2: repeat the options it was begun with$",
    ):
        Trainer(wide, forge, forge, SHORT, tmp_path).resume(tmp_path / "last.pt")


def test_only_a_training_can_go_on(forge: Forge, held_out: list[Batch], tmp_path: Path) -> None:
    run = trainer(forge, tmp_path)
    run.check(held_out, {})
    saved = load_checkpoint(tmp_path / "last.pt")
    wide = build_network(NetworkConfig(width=2)).state_dict()
    replace(saved, resume={**saved.resume, "network": wide}).save(tmp_path / "wide.pt")
    for name in ("best.pt", "wide.pt"):
        with pytest.raises(ValueError, match=f"^[^\n]*{name} holds no training that can go on$"):
            run.resume(tmp_path / name)


def test_what_was_said_of_a_run_stays_said_when_it_goes_on(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    run = trainer(forge, tmp_path)
    run.facts["licence"] = "CC0"
    run.check(held_out, {})
    again = trainer(forge, tmp_path)
    again.resume(tmp_path / "last.pt")
    again.check(held_out, {})
    assert load_checkpoint(tmp_path / "last.pt").facts["licence"] == "CC0"


def test_a_run_of_an_odd_number_of_pictures_keeps_its_end(forge: Forge, tmp_path: Path) -> None:
    trainer(forge, tmp_path, replace(SHORT, pictures=11, validate_every=1000)).run()
    assert load_checkpoint(tmp_path / "last.pt").resume["seen"] == 10
    assert load_checkpoint(tmp_path / "best.pt").facts["training"]["pictures"] == 10
    assert (tmp_path / "metrics.csv").read_text().count("\n") == 2


def test_only_better_figures_replace_the_best(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    run = trainer(forge, tmp_path)
    for seen, best, kept in ((1, 2.0, 1), (2, 0.0, 1), (3, 2.0, 3)):
        run.seen, run.best = seen, best
        run.check(held_out, {})
        assert load_checkpoint(tmp_path / "best.pt").facts["training"]["pictures"] == kept
        assert load_checkpoint(tmp_path / "last.pt").facts["training"]["pictures"] == seen


def test_a_kill_between_the_checkpoints_loses_no_best(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    with cuts.before("last.pt"), pytest.raises(OSError, match=r"cannot write .*last\.pt"):
        trainer(forge, tmp_path).check(held_out, {})
    assert load_checkpoint(tmp_path / "best.pt").weights


def test_the_averaged_weights_follow_the_network_s_slowly(forge: Forge, tmp_path: Path) -> None:
    run = trainer(forge, tmp_path, replace(SHORT, pictures=100_000, ema=0.75))
    run.seen = 10_000
    before = {name: tensor.clone() for name, tensor in run.averaged.state_dict().items()}
    run.step(collate([PairDataset(forge, 4, seed=1)[k] for k in range(4)]))
    now = run.network.state_dict()
    assert any(not torch.equal(now[name], before[name]) for name in before)
    for name, kept in run.averaged.state_dict().items():
        if kept.is_floating_point():
            assert torch.allclose(kept, 0.75 * before[name] + 0.25 * now[name], atol=1e-6), name


def test_the_averaged_weights_are_those_validated_and_kept(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    run = trainer(forge, tmp_path)
    with torch.no_grad():
        for tensor in run.network.parameters():
            tensor.neg_()
    run.check(held_out, {})
    last = load_checkpoint(tmp_path / "last.pt")
    for name, tensor in run.averaged.state_dict().items():
        assert torch.equal(last.weights[name], tensor)
        assert torch.equal(load_checkpoint(tmp_path / "best.pt").weights[name], tensor)
        assert torch.equal(last.resume["network"][name], run.network.state_dict()[name])
    figures = validate(last.build(), held_out, run.device)
    assert last.facts["training"]["iou"] == pytest.approx(figures["iou"], abs=1e-4)
    assert figures["iou"] != pytest.approx(
        validate(run.network, held_out, run.device)["iou"], abs=1e-2
    )


def test_every_row_has_the_header_s_columns_also_after_a_resume(
    faces: FaceIndex, tmp_path: Path
) -> None:
    config = replace(MOBILE_CONFIG, size=64)
    # The first fakes are of no named method, so that there is no such loss; the later ones are.
    for pictures, family in ((4, "self_blend"), (6, "deepfakes")):
        forge = Forge(faces, CropRule(size=64), (family,))
        plan = replace(TINY, pictures=pictures)
        run = Trainer(build_network(config), forge, forge, plan, tmp_path)
        if (tmp_path / "last.pt").exists():
            run.resume(tmp_path / "last.pt")
        run.run()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert [len(row) for row in rows] == [len(header)] * 3
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["train_method"] != "" for row in table] == [False, False, True]
    assert [row["auc_self_blend"] != "" for row in table] == [True, True, False]
    assert [row["auc_deepfakes"] != "" for row in table] == [False, False, True]
    assert all(0 <= float(row["iou"]) <= 1 for row in table)


def test_a_table_begun_with_other_columns_keeps_them(
    forge: Forge, held_out: list[Batch], tmp_path: Path
) -> None:
    (tmp_path / "metrics.csv").write_text("pictures,auc,mood\n8,0.5,good\n")
    run = trainer(forge, tmp_path)
    run.seen = 16
    run.check(held_out, {"activation": 1.0})
    header, first, second = (tmp_path / "metrics.csv").read_text().splitlines()
    assert (header, first) == ("pictures,auc,mood", "8,0.5,good")
    assert second.split(",")[::2] == ["16", ""]


def test_the_learning_rate_follows_a_cosine_to_zero(forge: Forge, tmp_path: Path) -> None:
    run = trainer(forge, tmp_path, TrainConfig(pictures=100_000, batch=8, workers=0))
    rates = []
    for seen in (0, 10_000, 50_000, 100_000):
        run.seen = seen
        run._set_rate()
        rates.append(run.optimiser.param_groups[0]["lr"])
    assert rates[0] < rates[1] / 10
    assert rates[1] > rates[2] > rates[3]
    assert rates[2] == pytest.approx(run.config.rate / 2)


def test_only_the_mobile_preset_takes_imagenet_weights(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mobile"):
        start(NetworkConfig(), tmp_path / "w.pth")
    torch.save({"features.0.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="MobileNetV2"):
        start(MOBILE_CONFIG, tmp_path / "w.pth")


def test_a_row_that_a_cut_left_behind_its_checkpoint_comes_once(
    forge: Forge, tmp_path: Path
) -> None:
    trainer(forge, tmp_path, replace(TINY, pictures=2)).run()
    first = (tmp_path / "metrics.csv").read_bytes()
    for begun_anew in (False, True):
        cut = trainer(forge, tmp_path, TINY)
        if begun_anew:
            (tmp_path / "last.pt").unlink()
        else:
            cut.resume(tmp_path / "last.pt")
        with cuts.before("last.pt"), pytest.raises(OSError, match=r"cannot write .*last\.pt"):
            cut.run()
        again = trainer(forge, tmp_path, TINY)
        if not begun_anew:
            again.resume(tmp_path / "last.pt")
        again.run()
        assert (tmp_path / "metrics.csv").read_bytes().startswith(first[: first.index(b"\n")])
        with (tmp_path / "metrics.csv").open(newline="") as file:
            assert [row["pictures"] for row in csv.DictReader(file)] == ["2", "4"]
