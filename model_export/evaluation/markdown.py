"""An evaluation as Markdown, for people and for model cards."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

FEW = 5
"""Files of which is said why they could not be judged."""
UNUSABLE = "masks that cannot be used (their fakes count without one)"
"""Title of the list of masks from which nothing was learnt."""


def percent(value: float | None) -> str:
    """A share as a percentage, or a dash where there is none."""
    return "-" if value is None else f"{100 * value:.2f} %"


def decimal(value: float | None) -> str:
    """Three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def within(interval: Sequence[float], written: Callable[[float], str]) -> str:
    """An interval in brackets."""
    return f"[{', '.join(map(written, interval))}]"


def area(figures: dict[str, Any]) -> str:
    """An area under the ROC with its interval, where that is known."""
    interval = figures.get("auc_interval")
    return " ".join([decimal(figures["auc"]), *([within(interval, decimal)] if interval else [])])


def rate(value: dict[str, Any]) -> str:
    """A share with its interval and its counts."""
    return (
        f"{percent(value['rate'])} [{percent(value['low'])}, {percent(value['high'])}] "
        f"({value['errors']}/{value['count']})"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; a bar in a cell is none between two."""
    cells = [[cell.replace("|", r"\|") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"| {' | '.join(padded)} |")
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def first_few(told: Sequence[str]) -> list[str]:
    """The first of many, and how many more there are."""
    more = [f"and {len(told) - FEW} more"] if len(told) > FEW else []
    return [*told[:FEW], *more]


def reasons(problems: Mapping[str, str]) -> list[str]:
    """The first of many files with what is wrong with each, and how many more there are."""
    return first_few([f"{name}: {problem}" for name, problem in problems.items()])


def write_report(report: dict[str, Any], asked: Mapping[str, Any]) -> str:
    """The whole report. asked: options of the data that are not the default, by name."""
    figures = report["figures"]
    parts = [
        f"# {report['model']['name']} {report['model']['version']} on {report['data']['name']}",
        *([f"Asked for: `{' '.join(_words(asked))}`."] if asked else []),
        f"Threshold for HTER: P(fake) {report['threshold']['probability']:.4f}, "
        f"{report['threshold']['from']}.",
    ]
    for level, title in (("crops", "Crops"), ("clips", "Pictures and clips")):
        if level in figures:
            parts += [f"## {title}", _detection(figures[level])]
    parts += ["## Masks", _segmentation(figures["segmentation"])]
    parts += ["## Methods (rows: made by; columns: called)", _methods(figures["methods"])]
    if figures["quality"]:
        rows = [(code, rate(value)) for code, value in figures["quality"].items()]
        parts += ["## Wrong by quality warning", table(("warning", "wrong [95 %]"), rows)]
    if figures["skin"]:
        parts += ["## By tone of skin, as the pictures show it", _skin(figures["skin"])]
    parts += ["## Told apart by one number of the crop, without a detector", _surface(figures)]
    if "intervals" in report:
        parts += ["## Manipulated intervals of clips", _intervals(report["intervals"])]
    if "robustness" in report:
        parts += ["## Robustness: AUC"]
        for name, points in report["robustness"].items():
            values = [decimal(v) for v in points.values()]
            parts.append(table((name, *points), [("AUC", *values)]))
    parts += ["## Files", _files(report["data"]["files"])]
    return "\n\n".join(parts) + "\n"


def _words(asked: Mapping[str, Any]) -> Iterator[str]:
    """Options as they are given in a shell."""
    for name, value in asked.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            yield option if each is True else f"{option} {each}"


def _detection(figures: dict[str, Any]) -> str:
    validation, strict = figures["at_validation_threshold"], figures["at_manipulated"]
    verdicts = figures["verdicts"]
    summary = [
        ("fakes, reals", f"{figures['fakes']}, {figures['reals']}"),
        ("independent people, clips or pictures; share of the largest",
         f"{figures['independent']}; {percent(figures['largest_group'])}"),
        ("AUC [95 %]", area(figures)),
        ("EER", percent(figures["eer"])),
        *((f"fakes found at BPCER {percent(float(a))}", percent(found))
          for a, found in figures["found_at_bpcer"].items()),
        ("accuracy at the threshold", percent(validation["accuracy"])),
        ("HTER at the threshold", percent(validation["hter"])),
        ("BPCER at the threshold [95 %]", rate(validation["bpcer"])),
        ("BPCER at `manipulated` [95 %]", rate(strict["bpcer"])),
        ("ECE (15 bins)", percent(figures["ece"])),
        ("Brier", decimal(figures["brier"])),
        ("area of risk over coverage", decimal(figures["risk_coverage_area"])),
        ("decided (not `inconclusive`)", percent(verdicts["decided"])),
        ("wrong among the decided", percent(verdicts["wrong_among_decided"])),
        ("fakes called `authentic`", percent(verdicts["fakes_called_authentic"])),
    ]  # fmt: skip
    rows = [
        (name, decimal(each["auc"]), percent(each["eer"]), rate(validation["apcer"][name]),
         rate(strict["apcer"][name]))
        for name, each in figures["per_method"].items()
    ]  # fmt: skip
    head = ("method", "AUC", "EER", "APCER at the threshold [95 %]", "APCER at `manipulated`")
    tables = table(("figure", "value"), summary), table(head, rows), _company(figures["in_company"])
    return "\n\n".join(tables)


def _company(figures: list[dict[str, Any]]) -> str:
    head = ("judged faces", "`manipulated` from", "fakes found", "uploads of reals called so",
            "if each were judged as if alone")  # fmt: skip
    rows = [
        (str(each["faces"]), decimal(each["probability"]), percent(each["fakes"]),
         percent(each["reals"]), percent(each["as_if_alone"]))
        for each in figures
    ]  # fmt: skip
    return table(head, rows)


def _segmentation(figures: dict[str, Any]) -> str:
    rows = [
        ("fakes with a known mask", str(figures["fakes_with_truth"])),
        ("pixel accuracy, fakes and reals", percent(figures["pixel_accuracy"])),
        ("IoU on fakes", decimal(figures["iou"])),
        ("Dice on fakes", decimal(figures["dice"])),
        *((f"IoU, {name}", decimal(iou)) for name, iou in figures["iou_per_method"].items()),
        ("false-mask area on reals", percent(figures["false_mask_area"])),
        ("reals with over 1 % false mask", percent(figures["reals_with_a_false_mask"])),
    ]
    return table(("figure", "value"), rows)


def _methods(figures: dict[str, Any]) -> str:
    called = sorted({name for row in figures["confusion"].values() for name in row})
    rows = [
        (made, *(str(row.get(name, 0)) for name in called))
        for made, row in figures["confusion"].items()
    ]
    words = (
        f"Accuracy of the likeliest method: {percent(figures['accuracy'])}; of those named: "
        f"{percent(figures['accuracy_when_named'])}, {percent(figures['named_share'])} named."
    )
    return table(("made by", *called), rows) + "\n\n" + words


def _skin(figures: dict[str, Any]) -> str:
    rows = [
        (tone, decimal(each["auc"]), rate(each["bpcer"]), rate(each["missed"]))
        for tone, each in figures.items()
    ]
    head = ("skin", "AUC", "reals called fake at the threshold [95 %]", "fakes missed [95 %]")
    return table(head, rows)


def _surface(figures: dict[str, Any]) -> str:
    rows = [
        (name, decimal(max(auc, 1 - auc)), "more" if auc > 0.5 else "less")
        for name, auc in figures["surface"].items()
    ]
    return table(("number", "AUC", "fakes have"), rows)


def _intervals(figures: dict[str, Any]) -> str:
    rows = [
        (
            "clips with a manipulated stretch, without one",
            f"{figures['fakes']}, {figures['reals']}",
        ),
        ("intersection over union in time, fakes", decimal(figures["iou"])),
        ("start and end off by, median", f"{decimal(figures['edge_error_s'])} s"),
        ("reals with an interval", percent(figures["reals_with_an_interval"])),
    ]
    return table(("figure", "value"), rows)


def _files(tally: dict[str, Any]) -> str:
    lines = [f"{tally['files']} files or pairs."]
    if tally["softened"]:
        lines.append(f"- softened to the sharpness of the other class: {tally['softened']}")
    for key in ("taken_whole_without_a_face", "dropped_without_a_face"):
        if tally[key]:
            lines.append(f"- {key.replace('_', ' ')}, {len(tally[key])}: {', '.join(tally[key])}")
    if unused := tally["unused_masks"]:
        names = ", ".join(first_few(unused))
        lines.append(f"- masks that belong to no fake, {len(unused)}: {names}")
    for key, title in (("unusable_masks", UNUSABLE), ("unreadable", "unreadable")):
        if told := tally[key]:
            lines += [f"- {title}, {len(told)}:", *(f"  - {each}" for each in reasons(told))]
    return "\n".join(lines)
