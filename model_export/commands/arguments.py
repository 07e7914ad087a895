"""Types of arguments for argparse: what is out of range is refused before anything is read."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type: whole numbers from `least` to `most`, both allowed; without `most`, to any."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text} is not a whole number") from None
        if most is not None and not least <= number <= most:
            raise ArgumentTypeError(f"{text} is not between {least} and {most}")
        if number < least:
            raise ArgumentTypeError(f"{text} is less than {least}")
        return number

    return read


def between(least: int, most: int) -> Callable[[str], float]:
    """A type: numbers from `least` to `most`, both allowed."""

    def read(text: str) -> float:
        number = _number(text)
        if not least <= number <= most:
            raise ArgumentTypeError(f"{text} is not between {least} and {most}")
        return number

    return read


fraction = between(0, 1)
strength = between(0, 10)
"""Of sharpening, see `service.faces.sharpening`."""
angle = between(-180, 180)
"""Degrees."""


def limit(text: str) -> float:
    """A number above 0; "inf" where there is none."""
    number = _number(text)
    if not number > 0:
        raise ArgumentTypeError(f"{text} is not above 0")
    return number


def positive(text: str) -> float:
    """A finite number above 0."""
    number = limit(text)
    if math.isinf(number):
        raise ArgumentTypeError(f"{text} is not finite")
    return number


def scale(text: str) -> float:
    """What is left of a length: a number above 0, and 1 at most."""
    number = limit(text)
    if number > 1:
        raise ArgumentTypeError(f"{text} is more than 1")
    return number


def words(text: str) -> str:
    """Text that is not blank."""
    if not text.strip():
        raise ArgumentTypeError("it is blank")
    return text


def existing_path(text: str) -> Path:
    """The path of a file or folder that is there."""
    path = Path(text)
    if not path.exists():
        raise ArgumentTypeError(f"{text} does not exist")
    return path


def existing_folder(text: str) -> Path:
    """The path of a folder that is there."""
    path = existing_path(text)
    if not path.is_dir():
        raise ArgumentTypeError(f"{text} is not a folder")
    return path


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a number") from None
