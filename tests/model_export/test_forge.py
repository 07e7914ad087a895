"""The forge: every family changes what its mask says, and nothing else differs in a pair."""

import csv
import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_export.cli import main
from model_export.commands.sources import remaining_families
from model_export.data.clip_forge import forge_clip
from model_export.data.faces import FaceIndex, identity_of
from model_export.data.families import ALL, FAMILIES, HELD_BACK
from model_export.data.forge import MIN_CHANGE, Forge
from model_export.data.manipulation import Canvas
from model_export.data.masks import MOUTH
from model_export.networks.contract import METHODS
from service.faces.crop import CropRule


@pytest.mark.parametrize("family", [*ALL])
def test_a_family_changes_the_picture_inside_its_mask_only(faces: FaceIndex, family: str) -> None:
    rng = np.random.default_rng(3)
    target, made, name = Forge(faces, CropRule(), (family,)).manipulate(0, 200, rng)
    assert name == family
    change = np.abs(made.pixels.astype(int) - target.pixels).mean(-1)
    assert change[made.region > 0.5].mean() >= MIN_CHANGE
    # Poisson editing may move a pixel by one level just outside the feathered edge.
    outside = cv2.dilate((made.region > 0).astype(np.uint8), np.ones((9, 9))) == 0
    # A wide feather may reach the picture's corners.
    assert outside.any() or family in {"deepfakes", "head_swap", "morph", "remade"}
    assert change[outside].max(initial=0) == 0
    assert 0 <= made.region.min() <= made.region.max() <= 1


@pytest.mark.parametrize("family", [*ALL])
def test_a_pair_is_two_crops_and_a_mask(faces: FaceIndex, family: str) -> None:
    pair = Forge(faces, CropRule(), (family,)).pair(1, np.random.default_rng(0))
    for picture in (pair.real, pair.fake):
        assert picture.shape == (256, 256, 3)
        assert picture.dtype == np.uint8
    assert pair.mask.shape == (256, 256)
    assert pair.mask.dtype == np.uint8
    assert (pair.mask > 127).any()
    assert pair.family == family


@pytest.mark.parametrize("seed", range(6))
def test_a_pair_is_degraded_alike(faces: FaceIndex, seed: int) -> None:
    pair = Forge(faces, CropRule(), ("lip_sync",)).pair(0, np.random.default_rng(seed))
    change = np.abs(pair.real.astype(int) - pair.fake).mean(-1)
    outside = cv2.dilate(pair.mask, np.ones((25, 25))) == 0
    assert np.median(change[outside]) <= 1


def test_the_mask_of_a_pair_is_seen_as_its_crops_are(faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule(), ("faceswap",), strength=0.0)
    for seed in range(6):
        pair = forge.pair(0, np.random.default_rng(seed))
        change = np.abs(pair.real.astype(int) - pair.fake).sum(-1)
        assert change[pair.mask > 127].sum() > 0.9 * change.sum(), seed


@pytest.mark.parametrize("family", [*ALL])
def test_a_family_that_says_so_needs_another_face(faces: FaceIndex, family: str) -> None:
    entry = ALL[family]
    target, _, _ = Forge(faces, CropRule()).manipulate(0, 120, np.random.default_rng(0))
    other = Canvas(np.ascontiguousarray(255 - target.pixels), target.landmarks)
    differs = []
    for seed in range(4):
        rngs = (np.random.default_rng(seed), np.random.default_rng(seed))
        one, two = entry.make(target, target, rngs[0]), entry.make(target, other, rngs[1])
        differs.append(not np.array_equal(one.pixels, two.pixels))
    assert any(differs) is entry.swaps


def test_masks_of_the_papers_methods_have_their_shapes(faces: FaceIndex) -> None:
    def holes_and_fill(family: str, seed: int) -> tuple[int, float]:
        rng = np.random.default_rng(seed)
        _, made, _ = Forge(faces, CropRule(), (family,)).manipulate(0, 200, rng)
        mask = (made.region > 0.5).astype(np.uint8)
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        outer = max((c for c, t in zip(contours, tree[0], strict=True) if t[3] < 0), key=len)
        (_, (width, height), _) = cv2.minAreaRect(outer)
        return sum(int(t[3] >= 0) for t in tree[0]), cv2.contourArea(outer) / (width * height)

    rectangles = [holes_and_fill("deepfakes", seed) for seed in range(5)]
    rendered = [holes_and_fill("face2face", seed) for seed in range(5)]
    polygons = [holes_and_fill("faceswap", seed) for seed in range(5)]
    assert min(fill for _, fill in rectangles) > 0.88
    assert max(fill for _, fill in polygons) < 0.9
    assert sum(holes >= 2 for holes, _ in rendered) >= 4
    assert sum(holes for holes, _ in rectangles + polygons) == 0


def test_lip_sync_repaints_the_mouth_and_leaves_the_eyes(faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule(), ("lip_sync",))
    for seed in range(6):
        rng = np.random.default_rng(seed)
        target, made, _ = forge.manipulate(0, 200, rng)
        left, top = np.round(target.landmarks[MOUTH].min(0)).astype(int)
        right, bottom = np.round(target.landmarks[MOUTH].max(0)).astype(int)
        assert made.region[top:bottom, left:right].mean() > 0.5
        assert made.region[: round(float(target.landmarks[36:48, 1].max()))].max() < 0.5


def test_every_named_method_has_a_family() -> None:
    assert {entry.method for entry in FAMILIES.values()} == {*METHODS, None}
    assert sum(entry.share for entry in FAMILIES.values()) == pytest.approx(1)


def test_families_that_are_held_back_are_made_by_name_only(faces: FaceIndex) -> None:
    assert HELD_BACK
    drawn = Forge(faces, CropRule()).families
    assert drawn == tuple(FAMILIES) == remaining_families(Namespace(leave_out=[]))
    assert not {*drawn} & {*HELD_BACK}
    several = Forge(faces, CropRule(), tuple(HELD_BACK))
    made = {several.manipulate(0, 60, np.random.default_rng(seed))[2] for seed in range(20)}
    assert made == {*HELD_BACK}


def test_families_are_drawn_by_their_shares(faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule(), ("deepfakes", "lip_sync"))
    drawn = [forge.manipulate(0, 60, np.random.default_rng(seed))[2] for seed in range(40)]
    assert drawn.count("deepfakes") > 25, "0.25 of all pairs, and 0.07"


def test_a_pair_tells_whose_picture_it_was(faces: FaceIndex) -> None:
    index = replace(faces, identities=np.array([7, 7, 9]))
    pairs = [Forge(index, CropRule()).pair(n, np.random.default_rng(0)) for n in (0, 1, 2)]
    assert [pair.identity for pair in pairs] == [7, 7, 9]


def test_numbered_pictures_of_one_folder_show_one_person() -> None:
    assert identity_of("a/003_08.jpg") == identity_of("a/003_11.jpg")
    others = ("b/003_08.jpg", "a/004_08.jpg", "a/003_x.jpg", "a/x_08.jpg")
    assert len({*map(identity_of, ("a/003_08.jpg", *others))}) == 5


def test_identities_never_cross_a_split(faces: FaceIndex) -> None:
    names = tuple(f"x/{person:03d}_{take}.jpg" for person in range(20) for take in ("03", "08"))
    people = {identity_of(n): i for i, n in enumerate(names)}
    index = FaceIndex(
        faces.root,
        names,
        np.repeat(faces.landmarks[:1], 40, 0),
        np.repeat(faces.boxes[:1], 40, 0),
        np.array([people[identity_of(n)] for n in names]),
    )
    training, validation = index.split(0.2, seed=0)
    assert len(validation) == 8
    assert not {*map(identity_of, training.names)} & {*map(identity_of, validation.names)}
    assert len(training) + len(validation) == 40


def test_a_clip_is_manipulated_exactly_where_it_says(faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule(), ("deepfakes",))
    clip = forge_clip(forge, 0, np.random.default_rng(1), seconds=2, rate=10, share=0.4)
    assert len(clip.frames) == 20
    assert sum(clip.fake) == 8
    assert clip.interval_s is not None
    start, end = clip.interval_s
    wanted = [start <= number / 10 < end for number in range(20)]
    assert list(clip.fake) == wanted
    assert [bool(mask.any()) for mask in clip.masks] == wanted
    assert not np.array_equal(clip.frames[0], clip.frames[-1])


def test_a_wholly_real_clip_names_no_family(faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule())
    clip = forge_clip(forge, 0, np.random.default_rng(1), seconds=0.5, share=0)
    assert (clip.interval_s, clip.family, any(clip.fake)) == (None, None, False)


def test_the_command_writes_pairs_and_a_contact_sheet(faces_folder: Path, tmp_path: Path) -> None:
    pictures = [str(path) for path in sorted(faces_folder.glob("*.png"))]
    assert main(["forge", *pictures, "-n", "3", "-o", str(tmp_path / "out")]) == 0
    for kind in ("real", "fake", "masks"):
        assert len(list((tmp_path / "out" / kind).glob("*.png"))) == 3
    with (tmp_path / "out" / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} <= {*METHODS, "unknown"}
    sheet = cv2.imread(str(tmp_path / "out" / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (480, 1280, 3)


def test_pairs_may_be_written_as_a_sharpening_model_sees_them(
    faces_folder: Path, tmp_path: Path
) -> None:
    pictures = [str(path) for path in sorted(faces_folder.glob("*.png"))]
    spread = []
    for strength in ("0", "4"):
        out = tmp_path / strength
        words = ["forge", *pictures, "-n", "2", "--sharpening", strength, "-o", str(out)]
        assert main(words) == 0
        for kind in ("real", "fake"):
            picture = cv2.imread(str(out / kind / "00000.png"))
            assert picture is not None
            spread.append(cv2.Laplacian(picture, cv2.CV_32F).std())
    assert spread[2] > 1.2 * spread[0]
    assert spread[3] > 1.2 * spread[1]


def test_the_command_makes_clips_with_frame_level_truth(faces_folder: Path, tmp_path: Path) -> None:
    pictures = [str(path) for path in sorted(faces_folder.glob("*.png"))]
    words = ["forge", *pictures, "--clip", "-n", "1", "--seconds", "1", "-o", str(tmp_path)]
    assert main(words) == 0
    truth = json.loads((tmp_path / "truth.json").read_text())[0]
    clip = cv2.VideoCapture(str(tmp_path / truth["clip"]))
    assert int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) == len(truth["frames_fake"]) == 25
    assert len(list((tmp_path / "masks" / "00000").glob("*.png"))) == 25


def test_pictures_without_a_face_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 127, np.uint8))
    assert main(["forge", str(tmp_path / "grey.png"), "-o", str(tmp_path / "out")]) == 1
    assert "face" in capsys.readouterr().err
