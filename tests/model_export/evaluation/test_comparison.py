"""Evaluations side by side: how far they differ, and how sure that is."""

import csv
from pathlib import Path
from typing import Any

import pytest

from model_export.evaluation.comparison import Entry, Evaluation, comparison
from model_export.evaluation.judged import read_judged, write_judged
from service.inference.model_file import Thresholds
from tests.model_export.evaluation.rows import row

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def evaluation(
    name: str,
    folder: Path,
    wrong: int,
    *,
    data: dict[str, Any] | None = None,
    prefix: str = "",
    iou: float | None = None,
) -> Entry:
    """Of 20 fakes and 20 reals; the first `wrong` fakes rank below all reals."""
    logits = [-9.0 - n if n < wrong else 2.0 for n in range(20)]
    rows = [row(logits[n], "swap", f"{prefix}fake/{n:02d}") for n in range(20)]
    rows += [row(-1.0 - n / 100, None, f"{prefix}real/{n:02d}") for n in range(20)]
    path = folder / f"{name}.csv"
    write_judged(rows, THRESHOLDS, path)
    level = {"auc": 1 - wrong / 20, "eer": 0.0, "found_at_bpcer": {}, "fakes": 20, "reals": 20}
    masks = {"pixel_accuracy": None, "iou": iou, "false_mask_area": 0.1, "fakes_with_truth": 20}
    report = {
        "model": {"name": "m", "version": "1"},
        "data": {"name": "own", "asked": {"h264": None}, "files": {}} | (data or {}),
        "figures": {"crops": level, "segmentation": masks},
    }
    return Entry(name, [Evaluation(report, *read_judged(path))])


def together(name: str, *entries: Entry) -> Entry:
    return Entry(name, [part for entry in entries for part in entry.parts])


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


def test_names_that_are_no_unicode_are_written_as_unicode_and_still_match(tmp_path: Path) -> None:
    name = b"real/caf\xe9.png".decode("utf-8", "surrogateescape")
    read = []
    for path in (tmp_path / "one.csv", tmp_path / "two.csv"):
        write_judged([row(0.0, None, name), row(1.0, "swap", "fake/a")], THRESHOLDS, path)
        assert r"real/caf\udce9.png" in path.read_text(encoding="utf-8")
        read.append(read_judged(path))
    (files, trials), (others, _) = read
    assert files == others == ["fake/a", r"real/caf\udce9.png"]
    assert [*trials.kin] == files


def test_a_verdict_is_what_the_thresholds_say(tmp_path: Path) -> None:
    path = tmp_path / "judged.csv"
    write_judged([row(x, None) for x in (-0.5, 3.0, -3.0, 0.5)], THRESHOLDS, path)
    told = [line["verdict"] for line in csv.DictReader(path.open())]
    assert told == ["manipulated", "inconclusive", "inconclusive", "authentic"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"file,kin,fake,method,logit,probability,verdict\n",
        b"real/0.png,real/0,0,real,-1.0,0.3,authentic\nreal/1.png,real/1,0,real,-1.0,0.3,authentic\n",
        b"real/0.png,real/0,0,real,-1.0,0.3,authentic\n",
        b"file,kin\na,b\n",
        b"file,logit,fake,kin\na,x,1,b\n",
        b"a\n" + b"x" * 200_000,
    ],
)
def test_something_else_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"judged\.csv was not written"):
        read_judged(tmp_path / "judged.csv")


def test_one_class_alone_is_not_compared(tmp_path: Path) -> None:
    both = evaluation("both", tmp_path, 3)
    write_judged([row(0.0, "swap", "fake/00")], THRESHOLDS, tmp_path / "fakes.csv")
    report = both.parts[0].report
    fakes = Entry("fakes", [Evaluation(report, *read_judged(tmp_path / "fakes.csv"))])
    assert "less that" not in comparison([fakes, fakes])


CODED = {"asked": {"h264": 23}}


def test_evaluations_that_count_as_one_share_a_threshold(tmp_path: Path) -> None:
    plain, coded = evaluation("plain", tmp_path, 0), evaluation("coded", tmp_path, 0, data=CODED)
    # Each by itself is judged without error; a shift by compression shows only between them.
    path = tmp_path / "shifted.csv"
    rows = [row(-1.5, "swap", f"fake/{n:02d}") for n in range(20)]
    rows += [row(-5.0, None, f"real/{n:02d}") for n in range(20)]
    write_judged(rows, THRESHOLDS, path)
    shifted = Entry("shifted", [Evaluation(coded.parts[0].report, *read_judged(path))])
    _, _, same, one = cells(
        comparison([together("same", plain, coded), together("1", plain, shifted)])
    )
    assert same[1] == one[1] == "40 / 40"
    assert same[2] == "1.000"
    assert float(one[2].split()[0]) == pytest.approx(0.75)
    assert one[4] == "50.00 %", "half of the fakes lie below all reals of the plain pictures"
    assert float(one[-1].split()[0]) == pytest.approx(-0.25)


def test_what_was_judged_at_two_qualities_is_no_two_trials(tmp_path: Path) -> None:
    plain, coded = evaluation("plain", tmp_path, 4), evaluation("coded", tmp_path, 4, data=CODED)
    elsewhere = evaluation("elsewhere", tmp_path, 4, data={"name": "elsewhere"})
    kin, strangers = (
        cells(comparison([together("", plain, other)]))[2][2] for other in (coded, elsewhere)
    )
    (value, low, high), (_, higher, lower) = (
        [float(word.strip("[,]")) for word in cell.split()] for cell in (kin, strangers)
    )
    assert value == pytest.approx(0.8)
    assert low < higher < lower < high


def test_their_masks_count_by_the_crops_there_are(tmp_path: Path) -> None:
    one = evaluation("one", tmp_path, 0, iou=0.5)
    two = evaluation("two", tmp_path, 0, iou=0.8)
    two.parts[0].report["figures"]["segmentation"]["fakes_with_truth"] = 10
    none = evaluation("none", tmp_path, 0)
    for entry, accuracy in ((one, 0.5), (two, 0.8)):
        entry.parts[0].report["figures"]["segmentation"]["pixel_accuracy"] = accuracy
    assert cells(comparison([together("", one, two, none)]))[2][5:7] == [
        "62.86 %",  # of 20 fakes and 20 reals, and of 10 and 20
        "0.600",
    ]
    assert cells(comparison([together("", none, none)]))[2][5:] == ["-", "-", "10.00 %"]


def test_what_cannot_be_put_together_says_why(tmp_path: Path) -> None:
    one, other = evaluation("one", tmp_path, 3), evaluation("other", tmp_path, 3)
    bare = Entry("bare", [Evaluation(one.parts[0].report)])
    with pytest.raises(ValueError, match=r"all: .* without judged\.csv"):
        comparison([together("all", one, bare)])
    other.parts[0].report["model"]["version"] = "2"
    with pytest.raises(ValueError, match="all: several models"):
        comparison([together("all", one, other)])
