"""FaceForensics++ in its official layout: which clips there are, and crops cut out of them.

original_sequences/youtube/c23/videos/000.mp4
manipulated_sequences/Deepfakes/c23/videos/000_003.mp4     target 000, face of 003
manipulated_sequences/Deepfakes/masks/videos/000_003.mp4
splits/train.json, val.json, test.json                     [["000", "003"], ...]
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, CropRule, cut_square, enlargement_of
from service.faces.finder import face_finder
from service.faces.plan import DetectorPlan

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
MANIFEST = "manifest.jsonl"
SPLITS = ("train", "val", "test")
PAPER_SCALE = 1.3
"""Side of the paper's square over the height of the manipulated region."""
MANIPULATED_LEVEL = 32
"""Grey level of the brightest channel from which a pixel of a mask clip is manipulated: the masks
of some methods are coloured, and all are compressed."""
SMALLEST_REGION = 16
"""Height in pixels below which a mask's region is taken for compression noise."""

Crop = Literal["paper", "detector"]


@dataclass(frozen=True, slots=True)
class ClipPair:
    """One manipulated clip with its original and its mask clip."""

    split: str
    method: str
    name: str
    fake: Path
    real: Path
    mask: Path

    @property
    def key(self) -> str:
        """Unique among all pairs of one compression."""
        return f"{self.method}_{self.name}"


@dataclass(frozen=True, slots=True)
class CutPlan:
    """How crops are cut.

    frames: of each clip, evenly spaced. crop: "paper" cuts 1.3 times the height of the mask's
    region around its middle, "detector" the service's square around the largest face of the
    real frame. rule: the scale of the detector's square, and the size of every crop.
    """

    frames: int = 10
    crop: Crop = "paper"
    rule: CropRule = field(default_factory=CropRule)


def list_pairs(
    root: Path, compression: str, methods: tuple[str, ...] = METHODS, splits: Path | None = None
) -> tuple[list[ClipPair], list[str]]:
    """(pairs whose three clips are there, names of those that lack one), in official order.

    splits: folder of the official lists; default: `splits` under the root.
    Raises ValueError when a list is absent or malformed, or when no pair is there at all.
    """
    pairs: list[ClipPair] = []
    absent: list[str] = []
    for split in SPLITS:
        for a, b in read_split((splits or root / "splits") / f"{split}.json"):
            for method in methods:
                for target, source in ((a, b), (b, a)):
                    pair = _pair(root, compression, split, method, f"{target}_{source}")
                    if all(path.is_file() for path in (pair.fake, pair.real, pair.mask)):
                        pairs.append(pair)
                    else:
                        absent.append(pair.key)
    if not pairs:
        raise ValueError(
            f"no clip of the lists has its original and mask of {compression} under {root}"
        )
    return pairs, absent


def read_split(path: Path) -> list[tuple[str, str]]:
    """An official list of pairs of clips. Raises ValueError."""
    try:
        content: Any = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"there is no list {path}") from error
    if not isinstance(content, list) or any(
        not isinstance(p, list) or len(p) != 2 or not all(str(x).isalnum() for x in p)
        for p in content
    ):
        raise ValueError(f"{path} is not a list of pairs of clip names")
    return [(str(a), str(b)) for a, b in content]


def _pair(root: Path, compression: str, split: str, method: str, name: str) -> ClipPair:
    made = root / "manipulated_sequences" / method
    original = root / "original_sequences" / "youtube" / compression / "videos"
    return ClipPair(
        split=split,
        method=method,
        name=name,
        fake=made / compression / "videos" / f"{name}.mp4",
        real=original / f"{name.partition('_')[0]}.mp4",
        mask=made / "masks" / "videos" / f"{name}.mp4",
    )


def cut_pair(pair: ClipPair, out: Path, plan: CutPlan) -> Path:
    """Cut one pair's crops; returns the list of what was written, `clips/KEY.jsonl`.

    Writes `SPLIT/{fake,real,masks}/METHOD/CLIP/FRAME.png`, all three with the same square, which
    the rows of the list describe: a box, where a detector cut it the roll of the head, and how
    much the crops are enlarged. They are not sharpened: who reads them knows for which model.
    The list is written last and at once: a pair with a list is finished. Frames without a
    manipulated region (or, with the detector, without a face) are left out.
    Raises ValueError when a clip cannot be read.
    """
    listed = out / "clips" / f"{pair.key}.jsonl"
    if listed.is_file():
        return listed
    cv2.setNumThreads(1)
    clips = [read_frames(path, plan.frames) for path in (pair.fake, pair.real, pair.mask)]
    rows: list[dict[str, object]] = []
    for index in sorted(set(clips[0]) & set(clips[1]) & set(clips[2])):
        fake, real, drawn = (clip[index] for clip in clips)
        mask = binary_mask(drawn, fake.shape[:2])
        square = _square(mask, real, plan)
        if square is None:
            continue
        box, rule, roll = square
        target = pair.name.partition("_")[0]
        real_crop, crop_to_frame = cut_square(real, box, rule, roll)
        crops = {
            "fake": (cut_square(fake, box, rule, roll)[0], pair.name),
            "real": (real_crop, target),
            "masks": (cut_square(mask, box, rule, roll)[0], pair.name),
        }
        files = {
            kind: _write(out, f"{pair.split}/{kind}/{pair.method}/{name}/{index:04d}.png", crop)
            for kind, (crop, name) in crops.items()
        }
        common = {"split": pair.split, "method": pair.method, "frame": index,
                  "box": [box.x, box.y, box.width, box.height], "roll": roll,
                  "enlargement": enlargement_of(crop_to_frame)}  # fmt: skip
        rows.append({**files["fake"], "label": "fake", "clip": pair.key,
                     "mask": files["masks"]["file"], "mask_sha256": files["masks"]["sha256"],
                     **common})  # fmt: skip
        rows.append({**files["real"], "label": "real", "clip": f"youtube_{target}",
                     "mask": None, "mask_sha256": None, **common})  # fmt: skip
    listed.parent.mkdir(parents=True, exist_ok=True)
    partial = listed.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows))
    partial.replace(listed)
    return listed


def read_manifest(root: Path) -> list[dict[str, Any]]:
    """The rows of a prepared folder's manifest.

    Raises ValueError when there is none, or one from before rows told how much crops are enlarged.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise ValueError(f"there is no {path}; make it with `unmask-model prepare`")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    if any("enlargement" not in row for row in rows):
        raise ValueError(f"{path} is of an earlier version: prepare into an empty folder")
    return rows


def read_frames(path: Path, count: int) -> dict[int, NDArray[np.uint8]]:
    """Up to `count` evenly spaced frames by index, uint8 RGB. Raises ValueError when none."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {int((i + 0.5) * total / count) for i in range(count)}
    frames = {}
    for index in range(max(wanted, default=-1) + 1):
        if not capture.grab():
            break
        if index in wanted:
            good, frame = capture.retrieve()
            if good:
                frames[index] = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
    if not frames:
        raise ValueError(f"no frame of {path} can be read")
    return frames


def binary_mask(drawn: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame of a mask clip, uint8 (h, w, 3), as uint8 (H, W) of the fake's shape, 0 or 255."""
    mask = np.where(drawn.max(2) >= MANIPULATED_LEVEL, 255, 0).astype(np.uint8)
    if mask.shape != shape:
        mask = np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return np.asarray(cv2.medianBlur(mask, 5), np.uint8)


def _square(
    mask: NDArray[np.uint8], real: NDArray[np.uint8], plan: CutPlan
) -> tuple[Box, CropRule, float] | None:
    x, y, width, height = cv2.boundingRect(mask)
    if height < SMALLEST_REGION:
        return None
    if plan.crop == "paper":
        return Box(x, y, width, height), CropRule(PAPER_SCALE, plan.rule.size), 0.0
    faces = face_finder(DetectorPlan()).find(real, 1).faces
    return (faces[0].box, plan.rule, faces[0].roll) if faces else None


def _write(out: Path, name: str, picture: NDArray[np.uint8]) -> dict[str, str]:
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".png", bgr)
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return {"file": name, "sha256": hashlib.sha256(data.tobytes()).hexdigest()}
