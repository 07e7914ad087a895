"""Evaluations side by side: how far they differ, and how sure that is."""

from pathlib import Path
from typing import Any

import pytest

from model_export.evaluation.comparison import Evaluation, comparison
from model_export.evaluation.judged import read_judged, write_judged
from service.inference.model_file import Thresholds
from tests.model_export.evaluation.rows import row

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def evaluation(
    name: str, folder: Path, wrong: int, *, data: dict[str, Any] | None = None, prefix: str = ""
) -> Evaluation:
    """Of 20 fakes and 20 reals; the first `wrong` fakes rank below all reals."""
    logits = [-9.0 - n if n < wrong else 2.0 for n in range(20)]
    rows = [row(logits[n], "swap", f"{prefix}fake/{n:02d}") for n in range(20)]
    rows += [row(-1.0 - n / 100, None, f"{prefix}real/{n:02d}") for n in range(20)]
    path = folder / f"{name}.csv"
    write_judged(rows, THRESHOLDS, path)
    level = {"auc": 1 - wrong / 20, "eer": 0.0, "found_at_bpcer": {}, "fakes": 20, "reals": 20}
    masks = {"pixel_accuracy": None, "iou": None, "false_mask_area": None}
    report = {
        "data": {"name": "own", "asked": {"h264": None}, "files": {}} | (data or {}),
        "figures": {"crops": level, "segmentation": masks},
    }
    return Evaluation(name, report, *read_judged(path))


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_the_difference_to_the_first_has_its_sign_and_its_interval(tmp_path: Path) -> None:
    worse, better = evaluation("worse", tmp_path, 8), evaluation("better", tmp_path, 3)
    _, _, first, second = cells(comparison([worse, better]))
    assert first[-1] == "-"
    value, low, high = (float(word.strip("[,]")) for word in second[-1].split())
    assert value == pytest.approx(0.25)
    assert 0 < low < 0.25 < high < 0.5
    _, _, _, turned = cells(comparison([better, worse]))
    assert float(turned[-1].split()[0]) == pytest.approx(-0.25)


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"name": "elsewhere"}},
        {"data": {"asked": {"h264": 23}}},
        {"prefix": "more/"},
    ],
)
def test_what_is_not_the_same_is_not_compared(other: dict[str, Any], tmp_path: Path) -> None:
    one, two = evaluation("one", tmp_path, 8), evaluation("two", tmp_path, 3, **other)
    assert "less that" not in comparison([one, two])
    assert "less that" in comparison([one, two, evaluation("three", tmp_path, 3)])


def test_files_that_could_not_be_read_make_no_difference(tmp_path: Path) -> None:
    one = evaluation("one", tmp_path, 8)
    two = evaluation("two", tmp_path, 3, data={"files": {"unreadable": {"a": "b"}}})
    assert "less that" in comparison([one, two])


def test_names_that_are_no_unicode_come_back_as_they_were(tmp_path: Path) -> None:
    name = b"real/caf\xe9.png".decode("utf-8", "surrogateescape")
    write_judged([row(0.0, None, name)], THRESHOLDS, tmp_path / "judged.csv")
    files, trials = read_judged(tmp_path / "judged.csv")
    assert files == [name]
    assert [*trials.kin] == [name]


@pytest.mark.parametrize(
    "content", [b"file,kin\na,b\n", b"file,logit,fake,kin\na,x,1,b\n", b"a\n" + b"x" * 200_000]
)
def test_something_else_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"judged\.csv was not written"):
        read_judged(tmp_path / "judged.csv")


def test_one_class_alone_is_not_compared(tmp_path: Path) -> None:
    both = evaluation("both", tmp_path, 3)
    write_judged([row(0.0, "swap", "fake/00")], THRESHOLDS, tmp_path / "fakes.csv")
    fakes = Evaluation("fakes", both.report, *read_judged(tmp_path / "fakes.csv"))
    assert "less that" not in comparison([fakes, fakes])
    (tmp_path / "empty.csv").write_text("file,kin,fake,method,logit,probability,verdict\n")
    empty = Evaluation("empty", both.report, *read_judged(tmp_path / "empty.csv"))
    assert "less that" not in comparison([empty, empty])
