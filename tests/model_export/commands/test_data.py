"""Options that say what labelled data a command works on."""

from pathlib import Path

import pytest

from model_export.cli import main

SYNTHETIC = (
    *("--pairs 4", "--strength 0.5", "--edited 1", "--family faceswap", "--leave-out faceswap"),
    "--landmarks HERE/landmarks.npz",
)
FOLDERS = ("--equal-sharpness", "--h264 23", "--as-clips", "--turn 30", "--scale 0.5")


@pytest.mark.parametrize(
    "line",
    [
        *(f"evaluate folders {words}" for words in (*SYNTHETIC, "--method Deepfakes")),
        *(f"evaluate synthetic {words}" for words in (*FOLDERS, "--frames 2")),
        *(f"calibrate clips {words}" for words in (SYNTHETIC[0], FOLDERS[0])),
        *(f"finetune faceforensics {words}" for words in (FOLDERS[3], "--frames 2")),
    ],
)
def test_an_option_of_other_data_is_refused(
    line: str, checkpoint: Path, people: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It would be told of in a report, though nothing was done about it."""
    command, kind, *given = line.replace("HERE", str(people)).split()
    out = tmp_path / "out"
    words = [str(checkpoint), str(people), "--kind", kind, *given, "-o", str(out)]
    assert main([command, *words]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"unmask-model {command}: {given[0]} is for data of the kind ")
    assert told.endswith(f", and {people} is {kind}\n")
    assert not out.exists()
