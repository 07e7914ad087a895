"""`unmask-model evaluate`: every figure of a detector on labelled data, written and plotted."""

import argparse
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from model_export.commands.arguments import existing_folder, existing_path, whole
from model_export.commands.data import add_data, asked, changed, guess_kind, open_source
from model_export.commands.targets import expect_folder
from model_export.data.files import naming
from model_export.description import crop_rule, thresholds_of
from model_export.evaluation.figures import as_clips, both_classes, split, summarise
from model_export.evaluation.gallery import Gallery
from model_export.evaluation.intervals import overlap_in_time
from model_export.evaluation.judged import NAME, write_judged
from model_export.evaluation.markdown import first_few, write_report
from model_export.evaluation.plots import write_plots
from model_export.evaluation.report_file import REPORT
from model_export.evaluation.robustness import plot_robustness, robustness
from model_export.evaluation.rows import Row, judge_rows
from model_export.judge import Judge, open_judge
from model_export.metrics.curves import equal_error
from model_export.sources.clips import ClipSource
from model_export.sources.sample import Sample, Source, Tally
from service.faces.crop import CropRule

TEXT = "report.md"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("model", type=existing_path, help=".pt checkpoint or .onnx file")
    add_data(parser)
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        help="folder for report.json, report.md, judged.csv, plots; default: only print",
    )
    parser.add_argument(
        "--threshold-from",
        type=existing_folder,
        metavar="DATA",
        help="validation data of the same kind whose equal error sets the threshold for HTER; "
        "the calibration part, where the data are divided",
    )
    parser.add_argument("--robustness", action="store_true", help="AUC under further degradation")
    parser.add_argument(
        "--robustness-crops",
        type=whole(1),
        default=400,
        help="with --robustness: how many crops of each class",
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate; prints the report. Raises ValueError when the data cannot be judged."""
    if options.out is not None:
        expect_folder(options.out, REPORT, TEXT, NAME)
    judge = open_judge(options.model)
    rule = crop_rule(judge.note["crop"], judge.note["input"]["size"])
    source = open_source(options, options.data, "test", rule, judge.note.get("people"))
    probability, origin = _threshold(options, judge, rule)
    gallery = Gallery(int(judge.note["thresholds"]["mask"]))
    kept: list[Sample] = []
    rows: list[Row] = []
    for row, sample, mask in tqdm(judge_rows(judge, source), unit="crop", mininterval=2):
        rows.append(row)
        gallery.add(row, sample, mask)
        if options.robustness:
            _keep(kept, sample, options.robustness_crops)
    _expect_both(rows, source.tally, options.data)
    note = judge.note
    report: dict[str, Any] = {
        "model": {key: note[key] for key in ("name", "version", "preset", "crop", "calibration")}
        | {"thresholds": note["thresholds"], "quantised": note.get("quantised")},
        "data": {
            "name": options.data.resolve().name,
            "asked": asked(options),
            "files": source.tally.to_dict(),
        },
        "threshold": {"probability": probability, "from": origin},
        "figures": summarise(rows, probability, note),
    }
    if isinstance(source, ClipSource):
        report["intervals"] = overlap_in_time(rows, source.truths, note)
    if options.robustness:
        report["robustness"] = robustness(judge, kept)
    text = write_report(report, changed(options))
    print(text)
    if options.out is not None:
        _write(options.out, report, text, rows, gallery)
        thresholds = thresholds_of(note)
        write_judged(as_clips(rows, thresholds), thresholds, options.out / NAME)
        print(f"written to {options.out}")
    return 0


def _threshold(options: argparse.Namespace, judge: Judge, rule: CropRule) -> tuple[float, str]:
    """P(fake) at which HTER is taken, and where it comes from.

    Raises ValueError where the data it is to be taken from are of another kind, or lack a class.
    """
    folder: Path | None = options.threshold_from
    if folder is not None:
        _expect_one_kind(options, folder)
        source: Source = open_source(options, folder, "calibration", rule)
        rows = [row for row, _, _ in judge_rows(judge, source)]
        _expect_both(rows, source.tally, folder)
        clips = as_clips(rows, thresholds_of(judge.note))
        fake, real = split(clips if both_classes(clips) else rows)
        return equal_error(fake, real)[1], f"the equal error on {folder.resolve().name}"
    stored = judge.note["figures"].get("calibration", {}).get("equal_error_probability")
    if stored is not None:
        return float(stored), "the equal error on the data it was calibrated on"
    return 0.5, "not fitted on any data"


def _expect_one_kind(options: argparse.Namespace, folder: Path) -> None:
    """Raise ValueError where a threshold would come from data of another kind than DATA."""
    if options.kind is not None:
        return
    judged, other = guess_kind(options.data), guess_kind(folder)
    if judged != other:
        raise ValueError(
            f"--threshold-from takes data of the same kind: {options.data} is {judged}, "
            f"{folder} is {other}"
        )


def _expect_both(rows: list[Row], tally: Tally, folder: Path) -> None:
    """Raise ValueError where a folder lacks a class, with the reasons that are known."""
    for fake, name in ((False, "real"), (True, "fake")):
        if any(row.fake == fake for row in rows):
            continue
        reasons = [f"{file}: {reason}" for file, reason in tally.unreadable.items()]
        reasons += [f"{file}: no face" for file in tally.no_face]
        told = "; ".join(first_few(reasons))
        raise ValueError(
            f"there is no {name} picture or clip to judge in {folder}" + (told and f" ({told})")
        )


def _keep(kept: list[Sample], sample: Sample, most: int) -> None:
    if sum(other.fake == sample.fake for other in kept) < most:
        kept.append(sample)


def _write(
    folder: Path, report: dict[str, Any], text: str, rows: list[Row], gallery: Gallery
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with naming(folder / REPORT):
        (folder / REPORT).write_text(json.dumps(report, indent=1))
    write_plots(rows, report["figures"]["methods"]["confusion"], folder)
    sheets = gallery.write(folder)
    plots = ["roc.png", "det.png", "reliability.png", "coverage.png", "methods.png"]
    if "robustness" in report:
        plot_robustness(report["robustness"], folder / "robustness.png")
        plots.append("robustness.png")
    pictures = "\n".join(f"![{name}]({name})" for name in plots + sheets)
    written = f"{text}\n## Plots\n\n{pictures}\n"
    # Files may have names that are no Unicode.
    with naming(folder / TEXT):
        (folder / TEXT).write_text(written, encoding="utf-8", errors="backslashreplace")
