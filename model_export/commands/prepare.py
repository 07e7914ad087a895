"""`unmask-model prepare`: crops and masks out of FaceForensics++."""

import argparse
import json
from concurrent.futures import as_completed
from pathlib import Path

from tqdm import tqdm

from model_export.commands.arguments import existing_folder, positive, whole
from model_export.data.faceforensics import (
    MANIFEST,
    METHODS,
    PAPER_SCALE,
    CutPlan,
    cut_pair,
    list_pairs,
)
from model_export.processes import process_pool
from service.faces.crop import CropRule


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "root", type=existing_folder, help="FaceForensics++ as its download script leaves it"
    )
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="folder to write; a cut run goes on"
    )
    parser.add_argument(
        "--compression",
        choices=("c0", "raw", "c23", "c40"),
        default="c23",
        help="which download to read",
    )
    parser.add_argument(
        "--method", action="append", choices=METHODS, help="only this one; repeatable; default: all"
    )
    parser.add_argument(
        "--splits", type=existing_folder, help="folder of the lists; default: ROOT/splits"
    )
    parser.add_argument("--frames", type=whole(1), default=10, help="frames of each clip")
    parser.add_argument(
        "--crop",
        choices=("paper", "detector"),
        default="paper",
        help="around the manipulated region, or as the service crops",
    )
    parser.add_argument(
        "--scale",
        type=positive,
        default=CropRule().scale,
        help="with --crop detector: side of the crop over the height of the face box",
    )
    parser.add_argument("--size", type=whole(1), default=256, help="side of the crops in pixels")
    parser.add_argument("--workers", type=whole(1), default=2, help="processes that cut")


def run(options: argparse.Namespace) -> int:
    """Cut what is not cut yet and write the manifest; 1 when a clip could not be read."""
    methods = tuple(options.method or METHODS)
    pairs, absent = list_pairs(options.root, options.compression, methods, options.splits)
    plan = CutPlan(options.frames, options.crop, CropRule(options.scale, options.size))
    _remember(options)
    problems: dict[str, str] = {}
    with process_pool(options.workers) as pool:
        jobs = {pool.submit(cut_pair, pair, options.out, plan): pair for pair in pairs}
        for job in tqdm(as_completed(jobs), total=len(jobs), unit="clip"):
            try:
                job.result()
            except (ValueError, OSError) as error:
                problems[jobs[job].key] = str(error)
    lists = [options.out / "clips" / f"{pair.key}.jsonl" for pair in pairs]
    text = "".join(path.read_text() for path in lists if path.is_file())
    (options.out / MANIFEST).write_text(text)
    print(f"{text.count(chr(10))} crops of {len(pairs) - len(problems)} clips in {options.out}")
    if absent:
        print(f"{len(absent)} clips of the lists are not there: {', '.join(absent[:5])} ...")
    for key, problem in problems.items():
        print(f"{key}: {problem}")
    return 1 if problems else 0


def _remember(options: argparse.Namespace) -> None:
    """A folder holds crops of one kind: a second run with other settings would mix two."""
    wanted = {key: getattr(options, key) for key in ("compression", "frames", "crop", "size")}
    wanted["scale"] = PAPER_SCALE if options.crop == "paper" else options.scale
    path: Path = options.out / "settings.json"
    if not path.is_file():
        options.out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted, indent=1))
    elif json.loads(path.read_text()) != wanted:
        raise ValueError(f"{options.out} was prepared with other settings, see {path.name} in it")
