"""`unmask-model forge`: labelled real/fake pairs or clips one can look at."""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from model_export.commands.arguments import existing_path, fraction, positive, strength, whole
from model_export.commands.sources import add_left_out, remaining_families
from model_export.commands.targets import expect_folder
from model_export.data.clip_forge import forge_clip
from model_export.data.faces import LANDMARKS, FaceIndex, load_index
from model_export.data.families import ALL
from model_export.data.forge import Forge, Pair
from model_export.data.landmarks import index_pictures
from model_export.data.pictures import COUNTS_FROM, write_picture
from model_export.data.sheet import contact_sheet
from model_export.data.video import encode_h264
from model_export.sources.clips import TRUTH
from service.faces.crop import CropRule
from service.faces.sharpening import sharpened

KINDS = ("real", "fake", "masks")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "pictures",
        type=existing_path,
        nargs="+",
        help=f"pictures of real faces, or one folder of them; {LANDMARKS} in it is used",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        help="folder to write, without files that another run would leave in it",
    )
    parser.add_argument("-n", "--count", type=whole(1), default=32, help="pairs or clips to make")
    parser.add_argument("--family", choices=[*ALL], help="make fakes of this family only")
    parser.add_argument("--seed", type=whole(0), default=0, help="seed of all that is random")
    parser.add_argument("--clip", action="store_true", help="make clips instead of pictures")
    parser.add_argument("--seconds", type=positive, default=4.0, help="length of a clip")
    parser.add_argument(
        "--share", type=fraction, default=0.5, help="share of a clip that is fake, 0 to 1"
    )
    parser.add_argument(
        "--crf",
        type=whole(0, 51),
        default=23,
        help="H.264 quality of clips, from 0, lossless, to 51",
    )
    parser.add_argument(
        "--sharpening",
        type=strength,
        default=0.0,
        help="write pairs as a model sees them whose crop rule has this sharpening, for "
        "`export --int8` and `--half`",
    )
    add_left_out(parser)


def run(options: argparse.Namespace) -> int:
    """Forge; prints the folder. Raises ValueError where it would mix with files already there."""
    expect_folder(options.out)
    _refuse_mixture(options)
    families = (options.family,) if options.family else remaining_families(options)
    rule = CropRule(sharpening=options.sharpening)
    forge = Forge(_index(options.pictures), rule, families)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.clip:
        _write_clips(forge, options)
    else:
        _write_pairs(forge, options)
    print(options.out)
    return 0


def _refuse_mixture(options: argparse.Namespace) -> None:
    """`evaluate` and `export` take all that lies in a folder for what was forged last.

    The same command may be given again: it writes the same files.
    """
    numbers = [f"{number:05d}" for number in range(options.count)]
    if options.clip:
        # A shorter clip leaves masks of the longer one behind, which no frame asks for.
        written = {TRUTH, *(f"{n}.mp4" for n in numbers), *(f"masks/{n}" for n in numbers)}
    else:
        written = {
            "pairs.csv",
            "sheet.png",
            *(f"{kind}/{n}.png" for kind in KINDS for n in numbers),
        }
    for path in options.out.rglob("[!.]*"):
        inner = path.relative_to(options.out)
        if path.is_file() and written.isdisjoint((inner.as_posix(), inner.parent.as_posix())):
            raise ValueError(f"{options.out} already holds {inner}: give an empty folder")


def _index(pictures: list[Path]) -> FaceIndex:
    if len(pictures) == 1 and (pictures[0] / LANDMARKS).is_file():
        return load_index(pictures[0], pictures[0] / LANDMARKS)
    return index_pictures(pictures)


def _write_pairs(forge: Forge, options: argparse.Namespace) -> None:
    pairs = []
    for number in range(options.count):
        rng = np.random.default_rng((options.seed, number))
        pairs.append(forge.pair(int(rng.integers(len(forge.index))), rng))
    for kind in KINDS:
        (options.out / kind).mkdir(exist_ok=True)
    with (options.out / "pairs.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("name", "family", "method", "identity", "mask_share"))
        for number, pair in enumerate(pairs):
            name = f"{number:05d}.png"
            _write_pair(options.out, name, pair)
            method = ALL[pair.family].method or "unknown"
            share = f"{(pair.mask >= COUNTS_FROM).mean():.4f}"
            table.writerow((name, pair.family, method, pair.identity, share))
    write_picture(options.out / "sheet.png", contact_sheet(pairs))


def _write_pair(folder: Path, name: str, pair: Pair) -> None:
    write_picture(folder / "real" / name, sharpened(pair.real, pair.sharpening))
    write_picture(folder / "fake" / name, sharpened(pair.fake, pair.sharpening))
    write_picture(folder / "masks" / name, pair.mask)


def _write_clips(forge: Forge, options: argparse.Namespace) -> None:
    truths = []
    for number in range(options.count):
        rng = np.random.default_rng((options.seed, number))
        position = int(rng.integers(len(forge.index)))
        clip = forge_clip(forge, position, rng, seconds=options.seconds, share=options.share)
        name = f"{number:05d}"
        (options.out / f"{name}.mp4").write_bytes(encode_h264(clip.frames, options.crf, clip.rate))
        masks = options.out / "masks" / name
        masks.mkdir(parents=True, exist_ok=True)
        for index, mask in enumerate(clip.masks):
            write_picture(masks / f"{index:05d}.png", mask)
        truths.append(
            {
                "clip": f"{name}.mp4",
                "family": clip.family,
                "rate": clip.rate,
                "interval_s": clip.interval_s,
                "frames_fake": [int(fake) for fake in clip.fake],
            }
        )
    (options.out / TRUTH).write_text(json.dumps(truths, indent=1))
