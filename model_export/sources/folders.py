"""Folders `real/` and `fake/` of pictures or clips, as strangers have them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.pictures import holder, read_mask
from model_export.processes import results_of
from model_export.sources.alteration import Alteration
from model_export.sources.entries import Entry, list_entries, unused_masks
from model_export.sources.masks import Mask, fitted, read_masks
from model_export.sources.sample import SUPPORT, Sample, Tally, unsharpened
from service.errors import UnmaskError
from service.faces.crop import Box, CropRule, FaceCrop, cut_square, sharpening_of
from service.faces.extract import extract
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.faces.quality import measure
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from service.media.stretches import Stretch
from service.media.upload import Upload
from service.verdict.intervals import stretches_of

_UNALTERED = Alteration()
_AS_SHARP_AS_THEY_ARE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Opened:
    """What one file gave: samples, or the reason why none. whole: no face, taken whole.

    mask_problem: why its mask could not be used, where it has one.
    """

    samples: tuple[Sample, ...]
    whole: bool = False
    problem: str | None = None
    mask_problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Masks:
    """Masks of a file by frame. hints: what tells its faces apart; problem: why there are none."""

    true: Mapping[int, Mask]
    hints: Mapping[int, Mask]
    problem: str | None = None


class FolderSource:
    """Faces found in every file by the service's own stages.

    Layout: `real/**`, `fake/**` (the first folder below `fake/` names the method) and optionally
    `masks/**`, see `find_mask`: grey, of the picture's or clip's shape, 255 = manipulated. The
    largest face of a picture is judged, the largest track of a clip; of a fake with a mask the
    face with most of the mask in it. A fake whose mask cannot be used counts as one without.
    A picture without a face is taken whole, since it may be a crop already, and counted.
    alteration: what is done to pictures before; one made a clip has no mask, but its face is chosen
    by that of the picture. blurs: for some files, by their group, the alteration's blur.

    Raises ValueError when a class has no file.
    """

    def __init__(
        self,
        root: Path,
        rule: CropRule,
        frames: int = 16,
        workers: int = 0,
        alteration: Alteration = _UNALTERED,
        *,
        blurs: Mapping[str, float] = _AS_SHARP_AS_THEY_ARE,
    ) -> None:
        self._entries = list_entries(root)
        for fake, name in ((False, "real"), (True, "fake")):
            if not any(entry.fake == fake for entry in self._entries):
                raise ValueError(f"there is no file under {root / name}")
        self._plan = ExtractionPlan(frames=frames, crop=rule)
        self._workers = workers
        self._alterations = [
            replace(alteration, blur=blurs.get(entry.group, alteration.blur))
            for entry in self._entries
        ]
        self._unused = unused_masks(root / "masks", self._entries)
        self.tally = Tally()

    def samples(self) -> Iterator[Sample]:
        """See `Source`."""
        self.tally = Tally(files=len(self._entries), unused_masks=self._unused)
        self.tally.softened = sum(alteration.blur > 0 for alteration in self._alterations)
        jobs = zip(self._entries, self._alterations, strict=True)
        results = results_of(partial(_open, plan=self._plan), jobs, self._workers)
        for entry, opened in zip(self._entries, results, strict=True):
            if opened.whole:
                self.tally.whole.append(entry.group)
            if opened.mask_problem is not None:
                self.tally.unusable_masks[entry.group] = opened.mask_problem
            if opened.problem is not None:
                self.tally.unreadable[entry.group] = opened.problem
            elif not opened.samples:
                self.tally.no_face.append(entry.group)
            yield from opened.samples


def _open(job: tuple[Entry, Alteration], plan: ExtractionPlan) -> Opened:
    entry, alteration = job
    return open_entry(entry, plan, alteration)


def open_entry(entry: Entry, plan: ExtractionPlan, alteration: Alteration) -> Opened:
    """Decode a file, find its faces, cut them out. Never raises for what the file holds."""
    cv2.setNumThreads(1)
    try:
        original = Upload(entry.path.read_bytes())
        upload = alteration.picture(original, plan.limits)
        extraction = extract(upload, unsharpened(plan))
        masks = _masks_of(entry, alteration, extraction, made_a_clip=upload is not original)
        if extraction.crops:
            spans = stretches_of(extraction)
            samples = [
                _sample(crop, entry, masks.true, plan.crop, spans[crop.frame_index])
                for crop in _chosen(extraction.crops, masks.hints)
            ]
            return Opened(tuple(samples), mask_problem=masks.problem)
        if extraction.media.kind == "video":
            return Opened((), mask_problem=masks.problem)
        pixels = decode_picture(sniff(upload.data).name, upload.data, plan.limits).pixels
        sample = _whole(pixels, entry, masks.true.get(0), plan.crop)
        return Opened((sample,), whole=True, mask_problem=masks.problem)
    except (UnmaskError, ValueError, OSError) as error:
        return Opened((), problem=str(error))


def _masks_of(
    entry: Entry, alteration: Alteration, extraction: Extraction, *, made_a_clip: bool
) -> _Masks:
    """Never raises: what is wrong with its mask makes a fake no less one."""
    if entry.mask is None:
        return _Masks({}, {})
    try:
        if alteration.as_clip and made_a_clip:
            return _Masks({}, _still_masks(entry.mask, alteration, extraction))
        masks = read_masks(entry.mask, extraction, alteration.mask)
    except (UnmaskError, ValueError, OSError) as error:
        return _Masks({}, {}, str(error))
    return _Masks(masks, masks)


def _still_masks(path: Path, alteration: Alteration, extraction: Extraction) -> dict[int, Mask]:
    """A still's mask for every frame of the clip made of it: near enough to tell faces apart."""
    shape = (extraction.media.height, extraction.media.width)
    near = fitted(path, alteration.mask(read_mask(path)), shape)
    return {index: near for index, _, _ in extraction.frames}


def _chosen(crops: tuple[FaceCrop, ...], masks: Mapping[int, Mask]) -> list[FaceCrop]:
    """The crops of the first track, which is the largest, or of that with most of the mask."""
    frames: dict[int, list[FaceCrop]] = defaultdict(list)
    for crop in crops:
        frames[crop.frame_index].append(crop)
    held: Counter[int] = Counter()
    for index, mask in masks.items():
        place = holder(mask, [crop.box for crop in frames[index]])
        if place is not None:
            held[frames[index][place].track] += 1
    # A mask may lie beside all boxes, on a forehead: then it counts in which crop it is.
    ranks: Mapping[int, float] = held or _masked(crops, masks)
    track = max({crop.track for crop in crops}, key=lambda number: (ranks[number], -number))
    return [crop for crop in crops if crop.track == track]


def _masked(crops: tuple[FaceCrop, ...], masks: Mapping[int, Mask]) -> Mapping[int, float]:
    """How much of the crops of each track is masked, 0 where nothing is."""
    shares: dict[int, float] = defaultdict(float)
    for crop in crops:
        if (mask := masks.get(crop.frame_index)) is not None:
            shares[crop.track] += float(_cut_mask(mask, crop, CropRule()).mean())
    return shares


def _sample(
    crop: FaceCrop, entry: Entry, masks: Mapping[int, Mask], rule: CropRule, stretch: Stretch
) -> Sample:
    mask = masks.get(crop.frame_index)
    return Sample(
        crop.pixels,
        entry.fake,
        entry.method,
        None if mask is None else _cut_mask(mask, crop, rule),
        entry.group,
        crop.track,
        crop.quality.warnings,
        crop.time_s,
        sharpening=sharpening_of(crop.crop_to_frame, rule),
        origin=entry.origin,
        in_key_frame=crop.in_key_frame,
        good=not SUPPORT.reasons(crop.quality),
        stretch=stretch,
        crowded_out=crop.crowded_out,
    )


def _cut_mask(mask: Mask, crop: FaceCrop, rule: CropRule) -> Mask:
    return cut_square(mask, crop.box, rule, crop.roll)[0]


def _whole(pixels: NDArray[np.uint8], entry: Entry, mask: Mask | None, rule: CropRule) -> Sample:
    """The picture's central square, taken for the crop itself."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    box = Box((width - side) / 2, (height - side) / 2, side, side)
    square = CropRule(1.0, rule.size)
    crop, crop_to_frame = cut_square(pixels, box, square)
    cut = None if mask is None else cut_square(mask, box, square)[0]
    quality = measure(crop, box, (), pixels)
    return Sample(
        crop=crop,
        fake=entry.fake,
        method=entry.method,
        mask=cut,
        group=entry.group,
        warnings=quality.warnings,
        sharpening=sharpening_of(crop_to_frame, rule),
        origin=entry.origin,
    )
