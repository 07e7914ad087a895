"""Plots of an evaluation, as PNG files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model_export.data.files import naming
from model_export.evaluation.rows import Row
from model_export.metrics.calibration import reliability
from model_export.metrics.coverage import risk_coverage
from model_export.metrics.curves import area_under_roc, normal_deviates, roc_curve

TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


def write_plots(rows: Sequence[Row], confusion: dict[str, dict[str, int]], folder: Path) -> None:
    """roc.png, det.png, reliability.png, coverage.png, methods.png."""
    probabilities = np.array([row.probability for row in rows])
    fake = np.array([row.fake for row in rows])
    _save(_roc(rows), folder / "roc.png")
    _save(_det(rows), folder / "det.png")
    _save(_reliability(probabilities, fake), folder / "reliability.png")
    _save(_coverage(probabilities, fake), folder / "coverage.png")
    _save(_confusion(confusion), folder / "methods.png")


def _save(figure: Figure, path: Path) -> None:
    with naming(path):
        figure.savefig(path, dpi=110)


def _axes(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def _curves(rows: Sequence[Row]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Logits of fakes and reals: all methods together, then each, with their AUC in the name."""
    real = np.array([row.logit for row in rows if not row.fake])
    names = sorted({row.method for row in rows if row.fake})
    groups = {"all": np.array([row.logit for row in rows if row.fake])}
    if len(names) > 1:
        groups |= {n: np.array([r.logit for r in rows if r.fake and r.method == n]) for n in names}
    return {
        f"{name} (AUC {area_under_roc(fake, real):.3f}, n={len(fake)})": (fake, real)
        for name, fake in groups.items()
    }


def _roc(rows: Sequence[Row]) -> Figure:
    figure, axes = _axes("ROC", "share of reals called fake", "share of fakes found")
    for label, (fake, real) in _curves(rows).items():
        roc = roc_curve(fake, real)
        axes.step(roc.alarms, 1 - roc.misses, where="post", label=label)
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8, linestyle=":")
    axes.legend(fontsize=7, loc="lower right")
    return figure


def _det(rows: Sequence[Row]) -> Figure:
    figure, axes = _axes("DET", "BPCER: reals called fake", "fakes called real, all methods")
    for label, (fake, real) in _curves(rows).items():
        roc = roc_curve(fake, real)
        axes.plot(
            normal_deviates(roc.alarms, len(real)),
            normal_deviates(roc.misses, len(fake)),
            label=label,
        )
    places = normal_deviates(np.array(TICKS), 10**9)
    names = [f"{100 * tick:g} %" for tick in TICKS]
    axes.set_xticks(places, names, fontsize=7)
    axes.set_yticks(places, names, fontsize=7)
    axes.axline((0, 0), slope=1, color="grey", linewidth=0.8, linestyle=":")
    axes.legend(fontsize=7, loc="upper right")
    return figure


def _reliability(probabilities: np.ndarray, fake: np.ndarray) -> Figure:
    bins = reliability(probabilities, fake)
    figure, axes = _axes(f"Reliability, ECE {bins.ece:.3f}", "predicted P(fake)", "share of fakes")
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8, linestyle=":")
    axes.scatter(bins.confidence, bins.frequency, s=8 + 400 * bins.counts / bins.counts.sum())
    axes.plot(bins.confidence, bins.frequency, linewidth=0.8)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return figure


def _coverage(probabilities: np.ndarray, fake: np.ndarray) -> Figure:
    curve = risk_coverage(probabilities, fake)
    figure, axes = _axes(
        f"Risk and coverage, area {curve.area:.3f}", "share decided", "share of them wrong"
    )
    axes.plot(curve.coverage, curve.risk)
    return figure


def _confusion(confusion: dict[str, dict[str, int]]) -> Figure:
    called = sorted({name for row in confusion.values() for name in row})
    counts = np.array([[row.get(name, 0) for name in called] for row in confusion.values()])
    figure = Figure(figsize=(2.6 + len(called), 1.8 + 0.45 * len(confusion)), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(counts / counts.sum(1, keepdims=True), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(called)), called, fontsize=8, rotation=30)
    axes.set_yticks(range(len(confusion)), [*confusion], fontsize=8)
    axes.set(xlabel="called", ylabel="made by")
    return figure
