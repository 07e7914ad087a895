"""Clips made by `unmask-model forge --clip`, with their frame-level truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from model_export.data.json_files import checked, read_json
from model_export.data.pictures import read_mask
from model_export.sources.sample import SUPPORT, Sample, Tally, unsharpened
from service.errors import UnmaskError
from service.faces.crop import CropRule, FaceCrop, cut_square, sharpening_of
from service.faces.extract import extract
from service.faces.plan import ExtractionPlan
from service.media.stretches import Stretch
from service.media.upload import Upload
from service.verdict.intervals import stretches_of

TRUTH = "truth.json"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What `forge --clip` wrote of a clip.

    family: None where no frame is fake. rate: frames a second. interval_s: see ClipSource.
    frames_fake: one for each frame.
    """

    clip: str
    family: str | None
    rate: Annotated[float, Field(gt=0)]
    interval_s: tuple[float, float] | None
    frames_fake: list[bool]


class ClipSource:
    """The largest face of every analysed frame, labelled by whether that frame is manipulated.

    truths: when a clip is manipulated, (start, end) in seconds, or None for a real one, by its
    name; filled while `samples` is read. Raises ValueError where the folder holds
    no clip or a description that cannot be read.
    """

    def __init__(self, root: Path, rule: CropRule, frames: int = 16) -> None:
        path = root / TRUTH
        self._entries = checked(TypeAdapter(list[_Entry]), read_json(path), path)
        if not self._entries:
            raise ValueError(f"{root / TRUTH} names no clip")
        self._root = root
        self._plan = ExtractionPlan(frames=frames, max_faces=1, crop=rule)
        self.truths: dict[str, tuple[float, float] | None] = {}
        self.tally = Tally()

    def samples(self) -> Iterator[Sample]:
        """See `Source`."""
        self.tally = Tally(files=len(self._entries))
        for entry in self._entries:
            name = entry.clip
            try:
                found = extract(Upload((self._root / name).read_bytes()), unsharpened(self._plan))
                spans = stretches_of(found)
                samples = [
                    self._sample(entry, crop, spans[crop.frame_index]) for crop in found.crops
                ]
            except (UnmaskError, OSError, ValueError) as error:
                self.tally.unreadable[name] = str(error)
                continue
            if not samples:
                self.tally.no_face.append(name)
            self.truths[name] = entry.interval_s
            yield from samples

    def _sample(self, entry: _Entry, crop: FaceCrop, stretch: Stretch) -> Sample:
        """Raises ValueError where the clip has more frames than its description, or no mask."""
        if crop.frame_index >= len(entry.frames_fake):
            raise ValueError(f"{TRUTH} describes {len(entry.frames_fake)} frames, it has more")
        fake = entry.frames_fake[crop.frame_index]
        mask = None
        if fake:
            folder = self._root / "masks" / Path(entry.clip).stem
            whole = read_mask(folder / f"{crop.frame_index:05d}.png")
            mask, _ = cut_square(whole, crop.box, self._plan.crop, crop.roll)
        return Sample(
            crop=crop.pixels,
            fake=fake,
            method=entry.family if fake else None,
            mask=mask,
            group=entry.clip,
            track=crop.track,
            warnings=crop.quality.warnings,
            time_s=crop.time_s,
            sharpening=sharpening_of(crop.crop_to_frame, self._plan.crop),
            in_key_frame=crop.in_key_frame,
            good=not SUPPORT.reasons(crop.quality),
            stretch=stretch,
            crowded_out=crop.crowded_out,
        )
