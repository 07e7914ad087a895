"""Where figures go: a JSON file and a plot, with what they were measured on."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import onnxruntime

from service.runtime import usable_cpus

FOLDER = Path(__file__).parents[2] / "runs" / "benchmarks"


def machine() -> dict[str, object]:
    """The hardware and software under the figures."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.machine(),
        "usable_cores": usable_cpus(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "providers": onnxruntime.get_available_providers(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def save(name: str, figures: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write the figures of a benchmark as JSON; the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"benchmark": name, **figures}, indent=2) + "\n")
    return path


def canvas(columns: int, title: str) -> tuple[Any, list[Any]]:
    """A figure of some plots side by side, to be given to `save_plot`."""
    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend is chosen

    figure, axes = pyplot.subplots(1, columns, figsize=(5 * columns, 4), squeeze=False)
    figure.suptitle(title)
    return figure, list(axes[0])


def save_plot(name: str, figure: Any, folder: Path = FOLDER) -> Path:
    """Write a figure as PNG; the file's path."""
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend is chosen

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path
