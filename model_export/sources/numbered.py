"""Folders of pictures with the number of a frame in their names."""

import re
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_NUMBER = re.compile(r"\d+")
_LAST_NUMBER = re.compile(r".*?(\d+)")


def numbered_pictures(folder: Path, frames: int) -> dict[int, Path]:
    """The pictures of a folder by the index of their frame, from 0.

    A number is the whole name, or its end: `0007.png`, `frame_0007.jpg`. PNGs are taken where there
    are any. frames: how many the clip has; where the highest number is the same and 0 is missing,
    the first frame is number 1.
    Raises ValueError for two pictures with one number, OSError.
    """
    files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    for endings in ((".png",), PICTURES):
        pictures = [file for file in files if file.suffix.lower() in endings]
        for pattern in (_NUMBER, _LAST_NUMBER):
            found = [
                (int(match[match.re.groups]), file)
                for file in pictures
                if (match := pattern.fullmatch(file.stem))
            ]
            if found:
                return _from_nought(_by_number(found), frames)
    return {}


def _by_number(found: list[tuple[int, Path]]) -> dict[int, Path]:
    by_number: dict[int, Path] = {}
    for number, file in found:
        other = by_number.setdefault(number, file)
        if other != file:
            raise ValueError(f"both {other.name} and {file.name} are number {number}")
    return by_number


def _from_nought(by_number: dict[int, Path], frames: int) -> dict[int, Path]:
    first = 1 if 0 not in by_number and max(by_number) == frames else 0
    return {number - first: file for number, file in by_number.items()}
