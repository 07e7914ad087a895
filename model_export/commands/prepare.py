"""`unmask-model prepare`: crops and masks out of FaceForensics++."""

import argparse
import json
from concurrent.futures import as_completed
from pathlib import Path

from tqdm import tqdm

from model_export.commands.arguments import existing_folder, positive, whole
from model_export.commands.targets import expect_folder
from model_export.data.faceforensics import (
    MANIFEST,
    METHODS,
    ClipPair,
    list_pairs,
    official_pairs,
    splits_digest,
)
from model_export.data.faceforensics_crops import (
    PAPER_SCALE,
    CutPlan,
    cut_pair,
    read_record,
    record_path,
)
from model_export.data.files import write_whole
from model_export.data.json_files import read_object
from model_export.evaluation.markdown import first_few
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
    """Cut what is not cut yet and write the manifest of all that was ever cut into the folder.

    Returns 1 when a clip gave nothing. Of those that gave fewer frames than were asked for, which
    hidden faces and short clips do, it is said why.
    """
    expect_folder(options.out)
    methods = tuple(options.method or METHODS)
    pairs, absent = list_pairs(options.root, options.compression, methods, options.splits)
    _remember(options)
    failed, short = _cut(pairs, options)
    crops, clips = _write_manifest(options)
    print(f"{crops} crops of {clips} clips in {options.out}")
    for what, names in absent.items():
        print(f"{len(names)} clips of the lists lack {what}: {', '.join(first_few(names))}")
    for what, told in (("fewer frames than were asked for", short), ("nothing", failed)):
        if told:
            print(f"{len(told)} clips gave {what}:")
        for key, problem in sorted(told.items()):
            print(f"{key}: {problem}")
    return 1 if failed else 0


def _cut(
    pairs: list[ClipPair], options: argparse.Namespace
) -> tuple[dict[str, str], dict[str, str]]:
    """Cut pairs beside each other; of which nothing came and of which too little, and why."""
    plan = CutPlan(options.frames, options.crop, CropRule(options.scale, options.size))
    failed: dict[str, str] = {}
    short: dict[str, str] = {}
    with process_pool(options.workers) as pool:
        jobs = {pool.submit(cut_pair, pair, options.out, plan): pair for pair in pairs}
        for job in tqdm(as_completed(jobs), total=len(jobs), unit="clip"):
            try:
                shortfall = job.result().shortfall
            except (ValueError, OSError) as error:
                failed[jobs[job].key] = str(error)
                continue
            if shortfall is not None:
                short[jobs[job].key] = shortfall
    return failed, short


def _write_manifest(options: argparse.Namespace) -> tuple[int, int]:
    """(crops, clips) of all records in the folder, of earlier runs with other methods too."""
    # Of what is cut already the clips may be gone: the lists alone say what there can be.
    listed = official_pairs(options.root, options.compression, METHODS, options.splits)
    paths = [record_path(options.out, pair) for pair in listed]
    records = [read_record(path) for path in paths if path.is_file()]
    rows = [row for record in records for row in record.rows]
    write_whole(options.out / MANIFEST, "".join(json.dumps(row) + "\n" for row in rows))
    return len(rows), len(records)


def _remember(options: argparse.Namespace) -> None:
    """A folder holds crops of one kind and one division: other settings would mix two.

    Raises ValueError when the folder was prepared with others.
    """
    wanted = {key: getattr(options, key) for key in ("compression", "frames", "crop", "size")}
    wanted["scale"] = PAPER_SCALE if options.crop == "paper" else options.scale
    wanted["split lists"] = splits_digest(options.splits or options.root / "splits")
    path: Path = options.out / "settings.json"
    if not path.is_file():
        options.out.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(wanted, indent=1))
        return
    had = read_object(path)
    others = [name for name, value in wanted.items() if had.get(name) != value]
    if others:
        raise ValueError(
            f"{options.out} was prepared with other settings ({', '.join(others)}), see "
            f"{path.name} in it: prepare into an empty folder"
        )
