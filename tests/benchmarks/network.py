"""The network alone: the plain export, ours, and ours in 8 bits, by device and batch size."""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.export import check_pictures, export
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.networks.factory import build_network
from model_export.quantise import quantise
from service.runtime import usable_cpus
from tests.benchmarks import materials, results

NO_MASK = {"mask_floor": np.array(np.inf, np.float32)}
PROVIDERS = ("CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=60, help="runs of each, interleaved")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        nargs="*",
        default=[],
        help="checkpoints to export; default: both presets with random weights, which cost the "
        "same as trained ones",
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and give the figures."""
    checkpoints = {path.stem: load_checkpoint(path) for path in options.checkpoint} or {
        config.preset: Checkpoint(config, build_network(config).state_dict())
        for config in (NetworkConfig(), MOBILE_CONFIG)
    }
    figures: dict[str, Any] = {"machine": results.machine(), "networks": {}}
    threads = sorted({1, usable_cpus()})
    for name, checkpoint in checkpoints.items():
        with TemporaryDirectory() as folder:
            files = _exported(checkpoint, Path(folder))
            figures["networks"][name] = {
                f"{provider} {count} threads": table
                for provider in PROVIDERS
                for count in (threads if provider == PROVIDERS[0] else threads[:1])
                if (table := _table(files, provider, count, options)) is not None
            }
        for place, table in figures["networks"][name].items():
            _print(name, place, table)
    _plot(figures, options.out)
    return figures


def _exported(checkpoint: Checkpoint, folder: Path) -> dict[str, Path]:
    pictures = check_pictures(checkpoint.config.size, 2)
    files = {kind: folder / f"{kind}.onnx" for kind in ("plain", "ours", "8 bits", "bare")}
    for kind, path in files.items():
        export(checkpoint, path, pictures, plain=kind == "plain", optional_mask=kind == "ours")
    crops = materials.crops(8, checkpoint.config.size)
    quantise(files.pop("bare"), files["8 bits"], crops, optional_mask=True)
    return files


def _open(path: Path, provider: str, threads: int) -> onnxruntime.InferenceSession | None:
    if provider not in onnxruntime.get_available_providers():
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    # A wheel with CUDA on a machine without falls back to the CPU without a word.
    return session if provider in session.get_providers() else None


def _table(
    files: dict[str, Path], provider: str, threads: int, options: argparse.Namespace
) -> dict[str, dict[str, float]] | None:
    """Milliseconds a face, by kind and batch size: medians of interleaved rounds."""
    sessions = {kind: _open(path, provider, threads) for kind, path in files.items()}
    plain, ours, rounded = (sessions[kind] for kind in ("plain", "ours", "8 bits"))
    if plain is None or ours is None or rounded is None:
        return None
    feeds: dict[str, tuple[Any, dict[str, Any]]] = {
        "plain": (plain, {}),
        "ours": (ours, {}),
        "ours without mask": (ours, NO_MASK),
        "ours in 8 bits": (rounded, {}),
        "8 bits without mask": (rounded, NO_MASK),
    }
    size = ours.get_inputs()[0].shape[1]
    table: dict[str, dict[str, float]] = {kind: {} for kind in feeds}
    for batch in options.batches:
        pictures = materials.crops(batch, size)
        taken: dict[str, list[float]] = {kind: [] for kind in feeds}
        for number in range(options.rounds + 3):
            for kind, (session, more) in feeds.items():
                begun = time.perf_counter()
                session.run(None, {"image": pictures, **more})
                if number >= 3:
                    taken[kind].append(time.perf_counter() - begun)
        for kind, seconds in taken.items():
            table[kind][str(batch)] = 1000 * float(np.median(seconds)) / batch
    return table


def _print(name: str, place: str, table: dict[str, dict[str, float]]) -> None:
    print(f"{name}, {place}: ms a face by batch size (share of plain)")
    for kind, row in table.items():
        cells = (
            f"{batch}: {value:.2f} ({value / table['plain'][batch]:.2f})"
            for batch, value in row.items()
        )
        print(f"  {kind:<20} {'  '.join(cells)}")


def _plot(figures: dict[str, Any], folder: Path) -> None:
    networks = figures["networks"]
    figure, axes = results.canvas(len(networks), "Milliseconds a face")
    for axis, (name, places) in zip(axes, networks.items(), strict=True):
        for place, table in places.items():
            for kind, row in table.items():
                label = f"{place.replace('ExecutionProvider', '')}, {kind}"
                axis.plot([int(b) for b in row], list(row.values()), marker="o", label=label)
        axis.set_title(name)
        axis.set_xlabel("batch size")
        axis.set_ylim(0)
        axis.legend(fontsize=6)
    results.save_plot("network", figure, folder)
