"""Options that say what labelled data a command works on."""

import argparse
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from model_export.commands.arguments import (
    angle,
    existing_folder,
    existing_path,
    fraction,
    scale,
    whole,
)
from model_export.commands.sources import read_index, remaining_families
from model_export.data.faceforensics import MANIFEST
from model_export.data.faces import LANDMARKS
from model_export.data.families import ALL, FAMILIES
from model_export.data.json_files import read_object
from model_export.sources.alteration import Alteration
from model_export.sources.clips import TRUTH, ClipSource
from model_export.sources.entries import list_entries
from model_export.sources.equal_sharpness import equal_blurs
from model_export.sources.folders import FolderSource
from model_export.sources.prepared import PreparedSource
from model_export.sources.sample import Source
from model_export.sources.synthetic import Part, SyntheticSource, part_of
from service.faces.crop import CropRule

log = logging.getLogger(__name__)
KINDS = ("synthetic", "folders", "clips", "faceforensics")
_ASKED = (
    *("kind", "pairs", "strength", "edited", "family", "leave_out", "method"),
    *("frames", "equal_sharpness", "h264", "as_clips", "turn", "scale"),
)
_FOR_KINDS = {
    **dict.fromkeys(
        ("landmarks", "pairs", "strength", "edited", "family", "leave_out"), ("synthetic",)
    ),
    **dict.fromkeys(("equal_sharpness", "h264", "as_clips", "turn", "scale"), ("folders",)),
    "method": ("faceforensics",),
    "frames": ("folders", "clips"),
}
"""Options that say nothing of data of other kinds."""
SPLITS: dict[Part, str] = {"training": "train", "calibration": "val", "test": "test"}


def add_data(parser: argparse.ArgumentParser) -> None:
    """DATA and how to read it."""
    parser.add_argument(
        "data",
        type=existing_folder,
        help="folder with real/ and fake/ (folders), with pictures of real faces and their "
        "landmarks (synthetic), written by `forge --clip` (clips) or `prepare` (faceforensics)",
    )
    parser.add_argument(
        "--kind", choices=KINDS, help="kind of data; default: told by what is in DATA"
    )
    parser.add_argument(
        "--landmarks",
        type=existing_path,
        help=f"synthetic: npz of the faces' landmarks; default: DATA/{LANDMARKS}",
    )
    # 0 passes: each command says in its own words what it cannot do without a pair.
    parser.add_argument("--pairs", type=whole(0), default=1000, help="synthetic: how many pairs")
    parser.add_argument(
        "--strength",
        type=fraction,
        default=1.0,
        help="synthetic: strength of compression, blur and noise, 0 to 1",
    )
    parser.add_argument(
        "--edited",
        type=fraction,
        default=0.0,
        help="synthetic: share of the pairs both of whose pictures are retouched or blurred "
        "behind, 0 to 1",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--family",
        action="append",
        choices=[*ALL],
        help="synthetic: only this family; repeatable",
    )
    chosen.add_argument(
        "--leave-out",
        action="append",
        default=[],
        choices=[*FAMILIES],
        help="synthetic: not this family; repeatable",
    )
    parser.add_argument(
        "--method", action="append", default=[], help="faceforensics: only this method; repeatable"
    )
    parser.add_argument(
        "--frames", type=whole(1), default=16, help="folders, clips: frames of each clip"
    )
    parser.add_argument(
        "--equal-sharpness",
        action="store_true",
        help="folders: blur pictures of the sharper class first, until sharpness tells nothing",
    )
    parser.add_argument(
        "--h264",
        type=whole(0, 51),
        metavar="CRF",
        help="folders: judge every picture as a frame of an H.264 clip of this quality, 0 to 51",
    )
    parser.add_argument(
        "--as-clips",
        action="store_true",
        help="with --h264: judge every picture as a whole clip, through a hand-held camera",
    )
    parser.add_argument(
        "--turn",
        type=angle,
        default=0.0,
        metavar="DEGREES",
        help="folders: turn every picture first, counter-clockwise",
    )
    parser.add_argument(
        "--scale",
        type=scale,
        default=1.0,
        help="folders: shrink every picture to this share of its sides first",
    )
    parser.add_argument(
        "--workers",
        type=whole(0),
        default=0,
        help="further processes that make crops; with 0 this one makes them",
    )


def asked(options: argparse.Namespace) -> dict[str, Any]:
    """The options that what is judged follows from, JSON-ready."""
    return {name: getattr(options, name) for name in _ASKED}


def changed(options: argparse.Namespace, names: Iterable[str] = _ASKED) -> dict[str, Any]:
    """Those of the options that are not the default, as `asked`."""
    parser = argparse.ArgumentParser()
    add_data(parser)
    given = {name: getattr(options, name) for name in names}
    return {name: value for name, value in given.items() if value != parser.get_default(name)}


def open_source(
    options: argparse.Namespace,
    root: Path,
    part: Part,
    rule: CropRule,
    learned: str | None = None,
) -> Source:
    """The data the options describe. Raises ValueError when it is not there, or of another kind.

    learned: digest of the faces that the model was trained on, where it is known. With a picture
    more or less people are divided otherwise; that is told of in the log.
    """
    kind = options.kind or guess_kind(root)
    _refuse_other_kinds(options, root, kind)
    if kind == "folders":
        if options.as_clips and options.h264 is None:
            raise ValueError("--as-clips needs --h264")
        blurs = equal_blurs(list_entries(root), options.workers) if options.equal_sharpness else {}
        alteration = Alteration(
            degrees=options.turn,
            h264_crf=options.h264,
            scale=options.scale,
            as_clip=options.as_clips,
        )
        return FolderSource(root, rule, options.frames, options.workers, alteration, blurs=blurs)
    if kind == "clips":
        return ClipSource(root, rule, options.frames)
    if kind == "faceforensics":
        warn_of_other_crops(root, rule)
        return PreparedSource(root, SPLITS[part], tuple(options.method), rule.size, rule.sharpening)
    families = tuple(options.family) if options.family else remaining_families(options)
    everyone = read_index(root, options.landmarks)
    if learned is not None and part_of(everyone, "training").digest != learned:
        log.warning(
            "the pictures under %s are not those the model was trained on: people it knows may "
            "be among those it is measured on",
            root,
        )
    index = part_of(everyone, part)
    return SyntheticSource(
        index,
        families,
        options.pairs,
        rule,
        workers=options.workers,
        strength=options.strength,
        edited=options.edited,
    )


def _refuse_other_kinds(options: argparse.Namespace, root: Path, kind: str) -> None:
    """Raise ValueError for an option that would be recorded, though nothing was done about it."""
    for name in changed(options, _FOR_KINDS):
        kinds = _FOR_KINDS[name]
        if kind not in kinds:
            option = name.replace("_", "-")
            raise ValueError(
                f"--{option} is for data of the kind {' or '.join(kinds)}, and {root} is {kind}"
            )


def warn_of_other_crops(prepared: Path, rule: CropRule) -> None:
    """Say in the log where a folder of `prepare` was not cut as the service cuts."""
    settings = read_object(prepared / "settings.json")
    if settings.get("crop") != "detector" or settings.get("scale") != rule.scale:
        log.warning(
            "%s was not cut as this model's faces will be: `prepare --crop detector --scale %g`",
            prepared,
            rule.scale,
        )


def guess_kind(root: Path) -> str:
    """The kind of data in a folder. Raises ValueError when it is none."""
    if (root / MANIFEST).is_file():
        return "faceforensics"
    if (root / "real").is_dir() and (root / "fake").is_dir():
        return "folders"
    if (root / TRUTH).is_file():
        return "clips"
    if (root / LANDMARKS).is_file():
        return "synthetic"
    raise ValueError(
        f"{root} has neither {MANIFEST} nor real/ and fake/ nor {TRUTH} nor {LANDMARKS}: see --kind"
    )
