"""Pictures are read and written whatever their files are called."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faces import load_index
from model_export.data.pictures import read_mask, read_picture, write_picture
from tests.media_files import clip
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import manipulated, save, write_folders

CAFE = os.fsdecode(b"caf\xe9")
"""A name as a disk of another system has it: no UTF-8."""


def test_a_picture_comes_back_from_under_any_name(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / f"{CAFE}.png"
    write_picture(path, astronaut)
    np.testing.assert_array_equal(read_picture(path), astronaut)
    mask = astronaut[..., 0]
    write_picture(path, mask)
    np.testing.assert_array_equal(read_mask(path), mask)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_what_is_no_picture_is_said_to_be_none(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"{CAFE}.png"
    if content is not None:
        path.write_bytes(content)
    for read in (read_picture, read_mask):
        with pytest.raises(ValueError, match="cannot read the"):
            read(path)


def test_a_mask_of_sixteen_bits_counts_from_the_middle_of_them(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    deep = np.zeros((4, 6), np.uint16)
    deep[1:3] = 65535
    cv2.imwrite(str(path), deep)
    np.testing.assert_array_equal(read_mask(path), deep >> 8)
    for value in (1, 255):
        cv2.imwrite(str(path), deep // 65535 * value)
        with pytest.raises(ValueError, match=f"goes up to {value}: manipulated is 65535"):
            read_mask(path)


def test_faces_are_found_and_forged_under_any_name(
    astronaut: NDArray[np.uint8], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faces = tmp_path / f"faces {CAFE}"
    faces.mkdir()
    for name in (CAFE, f"{CAFE} else"):
        write_picture(faces / f"{name}.png", astronaut)
    (faces / f"{CAFE} too.png").write_bytes(b"no picture")
    assert main(["prepare-faces", str(faces)]) == 0
    assert f"{CAFE} too.png" in " ".join(caplog.messages)
    index = load_index(faces, faces / "landmarks.npz")
    assert {*index.names} == {f"{CAFE}.png", f"{CAFE} else.png"}
    assert len(index.digest) == 64
    out = tmp_path / f"out {CAFE}"
    assert main(["forge", str(faces), "-n", "1", "-o", str(out)]) == 0
    assert read_picture(out / "real" / "00000.png").shape == (256, 256, 3)


def test_fakes_are_measured_by_masks_under_any_name(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_folders(tmp_path / "data", astronaut, 2)
    fake, mask = manipulated(astronaut)
    save(data / "named.png", fake)
    (data / "named.png").rename(data / f"fake/{CAFE}.png")
    write_picture(data / f"masks/{CAFE}.png", mask)
    frames = [fake[:400, :400]] * 3
    (data / f"fake/clip {CAFE}.mp4").write_bytes(clip(frames))
    masks = [np.dstack([mask[:400, :400]] * 3)] * 3
    (data / f"masks/clip {CAFE}.mp4").write_bytes(clip(masks))
    (data / f"real/not {CAFE}.png").write_bytes(b"no picture")
    model, out = write_colour_model(tmp_path / "colour.onnx"), tmp_path / f"out {CAFE}"
    words = ["evaluate", str(model), str(data), "--frames", "1", "-o", str(out)]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "not caf" in told
    figures = json.loads((out / "report.json").read_text())["figures"]
    assert figures["segmentation"]["fakes_with_truth"] == 4
    assert r"not caf\udce9.png" in (out / "report.md").read_text(encoding="utf-8")
    assert r"fake/caf\udce9.png" in (out / "judged.csv").read_text(encoding="utf-8")
    assert main(["tabulate", f"one={out}", f"two={out}"]) == 0
    assert "less that" in capsys.readouterr().out
    assert (out / "overlays_fakes_best.png").is_file()
