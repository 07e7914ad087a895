"""Crops that `unmask-model prepare` cut out of FaceForensics++."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from model_export.data.faceforensics import read_manifest
from model_export.data.pictures import read_mask, read_picture
from model_export.data.prepared_pairs import resized, sharpening_of
from model_export.sources.sample import Sample, Tally


class PreparedSource:
    """One split of a prepared folder, by its manifest; each real clip once, see `reals_once`.

    methods: only these manipulations with the reals cut beside them; empty for all. size: side of
    the crops given, in pixels. sharpening: the crop rule's.
    Raises ValueError when there is no manifest or nothing of the split in it, or nothing at all of
    one of the methods.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        methods: tuple[str, ...] = (),
        size: int = 256,
        sharpening: float = 0.0,
    ) -> None:
        rows = read_manifest(root)
        known = sorted({row["method"] for row in rows})
        if unknown := sorted({*methods} - {*known}):
            raise ValueError(f"{root} has nothing of {unknown[0]!r}: it has {', '.join(known)}")
        self._rows = reals_once(
            [
                row
                for row in rows
                if row["split"] == split and (not methods or row["method"] in methods)
            ]
        )
        if not self._rows:
            raise ValueError(f"{root} has nothing of the split {split!r}")
        self._root, self._size, self._sharpening = root, size, sharpening
        self.tally = Tally()

    def samples(self) -> Iterator[Sample]:
        """See `Source`; groups are clips."""
        self.tally = Tally(files=len(self._rows))
        for row in self._rows:
            try:
                crop = read_picture(self._root / row["file"])
                mask = read_mask(self._root / row["mask"]) if row["mask"] else None
            except ValueError as error:
                self.tally.unreadable[row["file"]] = str(error)
                continue
            fake = row["label"] == "fake"
            yield Sample(
                resized(crop, self._size),
                fake,
                row["method"] if fake else None,
                None if mask is None else resized(mask, self._size),
                row["clip"],
                sharpening=sharpening_of(row, crop.shape[0], self._size, self._sharpening),
                # METHOD_TARGET_SOURCE of fakes, youtube_TARGET of reals.
                origin=row["clip"].split("_")[1],
            )


def reals_once(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A manifest's rows without the real crops that one method's repeat for another.

    Beside every method's fakes lie real crops of the same original clip. Those of one method stay:
    of the one that has most frames of the clip, of several the first. Of a real clip there are
    then as many frames as of its fakes: the worst of four times as many would look worse.
    """
    frames: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["label"] == "real":
            frames[row["clip"]][row["method"]] += 1
    chosen = {clip: counts.most_common(1)[0][0] for clip, counts in frames.items()}
    return [row for row in rows if row["label"] == "fake" or row["method"] == chosen[row["clip"]]]
