"""An install without an extra gets one line that names it; every other absence is a fault."""

import importlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.commands.extras import MODULES, extras_needed
from tests.model_export.labelled import save

ROOT = Path(__file__).parents[2]
BLOCK = """
import sys

class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent)
"""


def run_without(
    absent: frozenset[str], folder: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS` where these modules cannot be imported."""
    (folder / "sitecustomize.py").write_text(BLOCK.format(names=sorted(absent)))
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", ["forge", "train", "prepare", "evaluate"])
def test_the_serving_install_names_the_extra_of_a_command(command: str, tmp_path: Path) -> None:
    line = one_line(run_without(MODULES["export"], tmp_path, "model_export.cli", command, "--help"))
    assert line.startswith(f"unmask-model {command}: ")
    assert line.endswith("is not installed: pip install '.[cpu,export]'")


@pytest.mark.parametrize(
    ("absent", "words"), [("matplotlib", ["--help"]), ("skimage", ["limit", "--help"])]
)
def test_benchmarks_name_their_extras(absent: str, words: list[str], tmp_path: Path) -> None:
    line = one_line(run_without(frozenset((absent,)), tmp_path, "tests.benchmarks", *words))
    assert f"{absent} is not installed: pip install '.[cpu,export,dev]'" in line


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["prepare-faces", "--help"]])
def test_what_needs_no_extra_works_without(words: list[str], tmp_path: Path) -> None:
    result = run_without(MODULES["export"], tmp_path, "model_export.cli", *words)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


def test_faces_are_found_without_the_extra_that_has_the_bar(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    save(tmp_path / "faces/one.png", astronaut)
    words = ("model_export.cli", "prepare-faces", str(tmp_path / "faces"))
    result = run_without(MODULES["export"] - {"onnxruntime"}, tmp_path, *words)
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 faces in 1 pictures" in result.stdout


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    result = run_without(frozenset(), tmp_path, "model_export.cli", "--version")
    assert result.stdout == f"unmask-model {version('unmask')}\n"


def test_a_missing_module_of_our_own_is_no_matter_of_extras(tmp_path: Path) -> None:
    absent = frozenset(("model_export.data.faces",))
    result = run_without(absent, tmp_path, "model_export.cli", "forge", "--help")
    assert result.returncode == 1
    assert "No module named 'model_export.data.faces'" in result.stderr.splitlines()[-1]
    assert "pip install" not in result.stderr


def test_a_missing_part_of_an_installed_package_raises() -> None:
    with pytest.raises(ModuleNotFoundError), extras_needed("program", "export"):
        importlib.import_module("tqdm.no_such_part")
