"""Faces are found in folders as they lie on people's disks."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.commands import prepare_faces
from model_export.data.faces import load_index
from service.errors import ConfigurationError
from tests.model_export.labelled import save


def test_what_is_no_picture_is_named_and_left_out(
    astronaut: NDArray[np.uint8], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "face.png", astronaut)
    save(tmp_path / "nobody.png", np.zeros_like(astronaut))
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "._face.jpg").write_bytes(b"what another system keeps beside it")
    with caplog.at_level(logging.WARNING):
        assert main(["prepare-faces", str(tmp_path)]) == 0
    assert load_index(tmp_path, tmp_path / "landmarks.npz").names == ("face.png",)
    told = " ".join(caplog.messages)
    assert "empty.jpg" in told
    assert "nobody.png" in told
    assert "._face.jpg" not in told


def test_it_is_told_how_far_it_is(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / name, astronaut)
    assert main(["prepare-faces", str(tmp_path)]) == 0
    assert "2/2" in capsys.readouterr().err


def test_linked_files_and_folders_keep_the_place_the_user_gave_them(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    save(tmp_path / "elsewhere/anna/1.png", astronaut)
    save(tmp_path / "elsewhere/2.png", astronaut)
    faces = tmp_path / "faces"
    faces.mkdir()
    (faces / "anna").symlink_to(tmp_path / "elsewhere/anna")
    (faces / "2.png").symlink_to(tmp_path / "elsewhere/2.png")
    (faces / "back").symlink_to(faces)
    assert main(["prepare-faces", str(faces)]) == 0
    index = load_index(faces, faces / "landmarks.npz")
    assert index.names == ("2.png", "anna/1.png")
    assert all(len(index.read(position).pixels) for position in range(2))


def test_a_folder_may_be_a_person_who_is_then_in_one_part_only(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    for person in ("anna_lee", "bob_ray"):
        for number in range(2):
            save(tmp_path / f"lfw/{person}/{person}_000{number}.png", astronaut)
    shown = []
    for options in ([], ["--person-folders"]):
        assert main(["prepare-faces", str(tmp_path), *options]) == 0
        index = load_index(tmp_path, tmp_path / "landmarks.npz")
        shown.append(index.identities.tolist())
    assert shown == [[0, 1, 2, 3], [0, 0, 1, 1]]
    learned, held_out = index.split(0.5, seed=0)
    assert len(learned) == len(held_out) == 2


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 cut short"])
def test_a_damaged_landmarks_file_is_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "landmarks.npz").write_bytes(content)
    train = ["train", str(tmp_path), "-o", str(tmp_path / "run")]
    for words in (train, ["fit-landmarks", str(tmp_path / "landmarks.npz")]):
        assert main(words) == 1
        assert "landmarks.npz is no npz file" in capsys.readouterr().err


def test_landmarks_without_five_points_fit_nothing(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "face.png", astronaut)
    assert main(["prepare-faces", str(tmp_path)]) == 0
    assert main(["fit-landmarks", str(tmp_path / "landmarks.npz")]) == 1
    assert "lacks points5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("names", np.array(["0.png"])),
        ("names", np.array([0.0, 1.0])),
        ("landmarks68", np.zeros((1, 68, 2))),
        ("landmarks68", np.zeros((2, 5, 2))),
        ("box_xywh", np.zeros((3, 4))),
        ("box_xywh", np.array(4.0)),
        ("box_xywh", np.full((2, 4), "wide")),
        ("people", np.array(["anna"])),
    ],
)
def test_landmarks_that_do_not_fit_together_are_one_line(
    name: str, value: NDArray[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitting = {
        "names": np.array(["0.png", "1.png"]),
        "landmarks68": np.zeros((2, 68, 2)),
        "box_xywh": np.zeros((2, 4)),
        "people": np.array(["anna", "bob"]),
    }
    for picture in fitting["names"]:
        (tmp_path / picture).touch()
    tables: dict[str, Any] = fitting | {name: value}
    np.savez(tmp_path / "landmarks.npz", **tables)
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "run")]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"unmask-model train: {tmp_path / 'landmarks.npz'}")
    assert told.count("\n") == 1


def test_points_that_do_not_fit_together_fit_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "points.npz"
    np.savez(path, points5=np.zeros((3, 5, 2)), landmarks68=np.zeros((2, 68, 2)))
    assert main(["fit-landmarks", str(path), "-o", str(tmp_path / "out.npz")]) == 1
    assert "points.npz: landmarks68 is float64 (2, 68, 2)" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(("count", "status"), [(0, 1), (1, 1), (19, 1), (20, 0)])
def test_a_fit_takes_some_faces(
    count: int, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, rng = tmp_path / "points.npz", np.random.default_rng(0)
    five, full = (rng.uniform(0, 100, (count, points, 2)) for points in (5, 68))
    np.savez(path, points5=five, landmarks68=full)
    assert main(["fit-landmarks", str(path), "-o", str(tmp_path / "out.npz")]) == status
    told = capsys.readouterr()
    if status:
        assert (
            told.err == f"unmask-model fit-landmarks: {path} holds {count} faces: a fit takes 20\n"
        )
    else:
        assert "nan" not in told.out
    assert (tmp_path / "out.npz").exists() is not bool(status)


@pytest.mark.parametrize("change", ["smaller", "cut", "no number"])
def test_a_picture_that_changed_since_its_face_was_found_is_named(
    change: str, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    save(tmp_path / "face.png", astronaut)
    assert main(["prepare-faces", str(tmp_path)]) == 0
    index = load_index(tmp_path, tmp_path / "landmarks.npz")
    assert index.read(0).pixels.shape == astronaut.shape
    if change == "no number":
        index.boxes[0, 2] = np.nan
    else:
        save(tmp_path / "face.png", astronaut[::8, ::8] if change == "smaller" else astronaut[:60])
    with pytest.raises(ValueError, match=r"face\.png is no longer the picture whose face"):
        index.read(0)


def test_a_missing_runtime_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> int:
        raise ConfigurationError("ONNX Runtime is not installed.")

    monkeypatch.setattr(prepare_faces, "run", missing)
    assert main(["prepare-faces", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "unmask-model prepare-faces: ONNX Runtime is not installed.\n"
