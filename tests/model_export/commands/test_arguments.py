"""What cannot be meant is refused by name, before anything is read or written."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import pytest

from model_export.cli import main
from model_export.commands.arguments import (
    existing_folder,
    existing_path,
    fraction,
    limit,
    positive,
    whole,
)
from tests.model_export.commands.options import all_arguments

REFUSED = [
    ("forge HERE -o out --clip --crf 99", "--crf: 99 is not between 0 and 51"),
    ("forge HERE -o out --clip --seconds 0", "--seconds: 0 is not above 0"),
    ("forge HERE -o out --clip --share 1.5", "--share: 1.5 is not between 0 and 1"),
    ("forge HERE -o out -n 0", "-n/--count: 0 is less than 1"),
    ("forge HERE -o out --seed -1", "--seed: -1 is less than 0"),
    ("forge HERE/absent -o out", "pictures: HERE/absent does not exist"),
    ("finetune HERE HERE -o out --epochs 0", "--epochs: 0 is less than 1"),
    ("finetune HERE HERE -o out --rate 0", "--rate: 0 is not above 0"),
    ("finetune HERE/absent HERE -o out", "checkpoint: HERE/absent does not exist"),
    ("train HERE -o out --minutes 0", "--minutes: 0 is not above 0"),
    ("train HERE -o out --batch 1", "--batch: 1 is less than 2"),
    ("train HERE -o out --strength 2", "--strength: 2 is not between 0 and 1"),
    ("train HERE/absent -o out", "faces: HERE/absent does not exist"),
    ("protocol HERE -o out --tuning-epochs 0", "--tuning-epochs: 0 is less than 1"),
    ("prepare HERE -o out --workers 0", "--workers: 0 is less than 1"),
    ("calibrate HERE HERE -o out --bpcer x", "--bpcer: x is not a number"),
    ("evaluate HERE HERE --h264 52", "--h264: 52 is not between 0 and 51"),
    ("evaluate HERE HERE --scale 0", "--scale: 0 is not above 0"),
    ("evaluate HERE HERE --scale 1.5", "--scale: 1.5 is more than 1"),
    ("evaluate HERE HERE --frames 1.5", "--frames: 1.5 is not a whole number"),
    ("evaluate HERE HERE/absent", "data: HERE/absent does not exist"),
    ("average HERE HERE -o out --share 2", "--share: 2 is not between 0 and 1"),
    ("train-generators HERE -o out --steps 0", "--steps: 0 is less than 1"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_a_command_refuses(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.replace("HERE", str(tmp_path)).split())
    assert end.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.endswith(f"argument {message.replace('HERE', str(tmp_path))}")
    assert list(tmp_path.iterdir()) == []


def test_every_number_has_a_range() -> None:
    unbounded = [(c, action.dest) for c, action in all_arguments() if action.type in (int, float)]
    assert unbounded == []


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole(0, 51), "0", 0),
        (whole(0, 51), "51", 51),
        (whole(2), "2", 2),
        (fraction, "0", 0),
        (fraction, "1", 1),
        (positive, "1e-9", 1e-9),
        (limit, "inf", math.inf),
    ],
)
def test_what_lies_on_the_edge_is_taken(
    read: Callable[[str], float], text: str, value: float
) -> None:
    assert read(text) == value


@pytest.mark.parametrize("read", [fraction, positive, limit, whole(0)])
def test_what_is_no_number_is_refused(read: Callable[[str], float]) -> None:
    for text in ("nan", "-1", "-inf", "", "many"):
        with pytest.raises(ArgumentTypeError, match=f"^{text} is "):
            read(text)


def test_only_a_limit_may_be_infinite() -> None:
    with pytest.raises(ArgumentTypeError, match="inf is not finite"):
        positive("inf")


def test_a_file_is_a_path_but_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert existing_path(str(path)) == path
    assert existing_folder(str(tmp_path)) == tmp_path
    with pytest.raises(ArgumentTypeError, match="is not a folder"):
        existing_folder(str(path))
