"""Crops of FaceForensics++ and their masks, cut out of a fake and its original alike."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.faceforensics import ClipPair, binary_mask, common_indices, read_frames
from model_export.data.files import write_whole
from model_export.data.json_files import read_objects
from model_export.data.pictures import COUNTS_FROM, holder, write_picture
from service.faces.crop import Box, CropRule, cut_square, enlargement_of
from service.faces.detection import Detection
from service.faces.finder import face_finder
from service.faces.plan import DetectorPlan

PAPER_SCALE = 1.3
"""Side of the paper's square over the height of the manipulated region."""
SMALLEST_REGION = 16
"""Height in pixels below which a mask's region is taken for compression noise."""
MOST_FACES = 16
"""How many faces of a frame, by falling size, may be the manipulated one."""

Crop = Literal["paper", "detector"]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CutPlan:
    """How crops are cut.

    frames: of each clip, evenly spaced. crop: "paper" cuts 1.3 times the height of the mask's
    region around its middle, "detector" the service's square around the face of the real frame
    that holds most of the mask. rule: the scale of the detector's square, and the size of every
    crop.
    """

    frames: int
    crop: Crop
    rule: CropRule


@dataclass(frozen=True, slots=True)
class Record:
    """What one pair gave.

    rows: of the manifest, a fake's and a real's for each frame. missing: how many of the frames
    asked for were not cut, by the reason.
    """

    rows: tuple[dict[str, Any], ...]
    missing: dict[str, int]

    @property
    def shortfall(self) -> str | None:
        """One line about the missing frames, or None where there are none."""
        if not self.missing:
            return None
        cut = len(self.rows) // 2
        asked = cut + sum(self.missing.values())
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.missing.items())
        return f"{cut} of {asked} frames; missing: {reasons}"


class _NotCutError(Exception):
    """Why one frame gives no crop."""


def record_path(out: Path, pair: ClipPair) -> Path:
    """Where the record of a pair lies in a prepared folder."""
    return out / "clips" / f"{pair.key}.jsonl"


def read_record(path: Path) -> Record:
    """The record of a finished pair. Raises OSError when there is none, ValueError."""
    lines = read_objects(path)
    return Record(
        tuple(line for line in lines if "file" in line),
        {line["reason"]: line["missing"] for line in lines if "missing" in line},
    )


def cut_pair(pair: ClipPair, out: Path, plan: CutPlan) -> Record:
    """Cut one pair's crops, unless its record says that they are cut already.

    Writes `SPLIT/{fake,real,masks}/METHOD/CLIP/FRAME.png`, all three with the same square, which
    the record's rows describe: a box, where a detector cut it the roll of the head, and how much
    the crops are enlarged. They are not sharpened: who reads them knows for which model.
    The record is written last and at once: a pair with a record is finished.
    Raises ValueError when a clip cannot be read or no frame can be cut; nothing is recorded then.
    """
    path = record_path(out, pair)
    if path.is_file():
        return read_record(path)
    cv2.setNumThreads(1)
    record = _cut_frames(pair, out, plan)
    if not record.rows:
        raise ValueError(record.shortfall)
    missing = [{"missing": count, "reason": why} for why, count in record.missing.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "".join(json.dumps(line) + "\n" for line in [*record.rows, *missing]))
    return record


def _cut_frames(pair: ClipPair, out: Path, plan: CutPlan) -> Record:
    indices = common_indices(pair, plan.frames)
    clips = [read_frames(path, indices) for path in (pair.fake, pair.real, pair.mask)]
    rows: list[dict[str, Any]] = []
    missing = Counter({"that the shortest clip does not have": plan.frames - len(indices)})
    for index in indices:
        try:
            if not all(index in clip for clip in clips):
                raise _NotCutError("that cannot be read")
            fake, real, drawn = (clip[index] for clip in clips)
            # The square of one would show something else of the other.
            if fake.shape != real.shape:
                raise _NotCutError("whose original has another size")
            mask = binary_mask(drawn, (fake.shape[0], fake.shape[1]))
            rows += _cut_frame(pair, index, (fake, real, mask), out, plan)
        except _NotCutError as reason:
            missing[str(reason)] += 1
    return Record(tuple(rows), dict(+missing))


def _cut_frame(
    pair: ClipPair, index: int, frame: tuple[Pixels, Pixels, Pixels], out: Path, plan: CutPlan
) -> list[dict[str, Any]]:
    """Write the crops of a frame's fake, real and mask; two rows. Raises _NotCutError."""
    fake, real, mask = frame
    box, rule, roll = _square(mask, real, plan)
    mask_crop, crop_to_frame = cut_square(mask, box, rule, roll)
    if mask_crop.max() < COUNTS_FROM:
        raise _NotCutError("with no manipulated pixel in the crop")
    target = pair.name.partition("_")[0]
    crops = {
        "fake": (cut_square(fake, box, rule, roll)[0], pair.name),
        "real": (cut_square(real, box, rule, roll)[0], target),
        "masks": (mask_crop, pair.name),
    }
    files = {
        kind: _write(out, f"{pair.split}/{kind}/{pair.method}/{name}/{index:04d}.png", crop)
        for kind, (crop, name) in crops.items()
    }
    common = {"split": pair.split, "method": pair.method, "frame": index,
              "box": [box.x, box.y, box.width, box.height], "roll": roll,
              "enlargement": enlargement_of(crop_to_frame)}  # fmt: skip
    return [
        {**files["fake"], "label": "fake", "clip": pair.key,
         "mask": files["masks"]["file"], "mask_sha256": files["masks"]["sha256"], **common},
        {**files["real"], "label": "real", "clip": f"youtube_{target}",
         "mask": None, "mask_sha256": None, **common},
    ]  # fmt: skip


def _square(mask: Pixels, real: Pixels, plan: CutPlan) -> tuple[Box, CropRule, float]:
    """The box to cut, by which rule, and its roll in degrees. Raises _NotCutError."""
    x, y, width, height = cv2.boundingRect(mask)
    if height < SMALLEST_REGION:
        raise _NotCutError("without a manipulated region")
    if plan.crop == "paper":
        return Box(x, y, width, height), CropRule(PAPER_SCALE, plan.rule.size), 0.0
    face = _manipulated_face(mask, face_finder(DetectorPlan()).find(real, MOST_FACES).faces)
    return face.box, plan.rule, face.roll


def _manipulated_face(mask: Pixels, faces: tuple[Detection, ...]) -> Detection:
    """The face whose box holds most of the mask. Raises _NotCutError when none holds any."""
    place = holder(mask, [face.box for face in faces])
    if place is None:
        raise _NotCutError("without a face where they are manipulated")
    return faces[place]


def _write(out: Path, name: str, picture: Pixels) -> dict[str, str]:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, picture)
    return {"file": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
