"""The words the API answers with, and what each of them means."""

from collections.abc import Mapping
from typing import Any

from service.faces import quality
from service.faces.shake import SHAKEN_RATIO
from service.settings import VerdictSettings
from service.verdict.agreement import LEAST_AGREEMENT
from service.verdict.findings import Confidence, Verdict
from service.verdict.method import HIGH, MEDIUM

_LEAST = VerdictSettings()

FACE_VERDICTS: Mapping[Verdict, str] = {
    "manipulated": "`fake_probability` is at or above the threshold `manipulated` of `GET /model`, "
    "or, where several people are judged, above a higher one (see `mean_excess` there)",
    "authentic": "`fake_probability` is at or below the threshold `authentic` of `GET /model`",
    "inconclusive": "`fake_probability` lies between the two thresholds, or, wherever it lies, "
    "the face was seen too poorly, its frames contradict one another or it is one of several, as "
    "`warnings` then says",
}
"""Of one face."""

VERDICTS: Mapping[Verdict, str] = {**FACE_VERDICTS, "no_face": "no face was found"}
"""Of an upload."""

METHODS: Mapping[str, str] = {
    "deepfakes": "another face, made by a generator and pasted as a rectangle",
    "face2face": "the same face, made anew with another expression",
    "faceswap": "another face, moved onto this one landmark by landmark and pasted as a polygon",
    "unknown": "no method is likely enough, or the face is more likely real than fake without "
    "being judged authentic, or there is no face",
    "none": "the face is judged authentic",
}
"""Those of the shipped model, and what is said where none of them is."""

CONFIDENCES: Mapping[Confidence, str] = {
    "high": f"the method's probability is at least {HIGH:g}; also for `none`",
    "medium": f"the method's probability is at least {MEDIUM:g}",
    "low": "below that, always where the verdict is `inconclusive` or the name is `unknown`, "
    "and of a model that leaves the method to the shape of the mask",
}

FACE_WARNINGS: Mapping[str, str] = {
    "face_too_small": "seen well enough to be judged neither in half of its frames nor in a "
    "quarter in a row, and in the most incriminating one, or most of those that do not do, "
    "narrower than the service asks for (`UNMASK_VERDICT__MIN_FACE_PX`, by default "
    f"{_LEAST.min_face_px} pixels)",
    "face_too_blurred": "the same, but less sharp than it asks for "
    f"(`UNMASK_VERDICT__MIN_SHARPNESS`, by default {_LEAST.min_sharpness:g}), or blurred by motion "
    "(`shaken`)",
    "face_covered": "the same, but partly behind a larger face (`covered`)",
    "face_too_tight": "the same, but with too little around it (`tight`)",
    "frames_disagree": f"`agreement` is below {LEAST_AGREEMENT:g}",
    "one_of_several": "`fake_probability` would be enough if nobody else were judged, beside it "
    "or at another time of a clip: of several real people, one is as high by chance more often",
}
"""Each of them makes the verdict inconclusive."""

UPLOAD_WARNINGS: Mapping[str, str] = {
    "truncated": "the file ends early and was analysed as far as it goes",
    "few_frames": "only one or two frames of a clip were analysed although it has more",
    "tracks_left_out": "the clip holds further video tracks, and only the first was analysed",
    "frames_shrunk": "frames of the clip are at least twice as wide or high as the first one "
    "looked at, and were shrunk to its size",
    "faces_left_out": "more faces were found than were to be judged (`max_faces`)",
}

QUALITY_WARNINGS: Mapping[str, str] = {
    "small_face": f"the face is narrower than {quality.SMALL_FACE_PX} pixels",
    "blurred": f"`sharpness` is below {quality.BLURRED_SHARPNESS:g}",
    "shaken": "blurred by motion, where the face is large enough to tell: across one direction "
    f"more than {SHAKEN_RATIO:g} times as much of the fine detail changes as along it",
    "dark": f"`brightness` is below {quality.DARK_BRIGHTNESS:g}",
    "overexposed": f"`brightness` is above {quality.BRIGHT_BRIGHTNESS:g}",
    "compressed": f"`blockiness` is above {quality.COMPRESSED_BLOCKINESS:g}",
    "profile": "turned aside so far that the nose nears an eye or passes it, by some 45 degrees",
    "cut_off": f"more than {100 * quality.CUT_OFF_SHARE:g} % of the face box is outside the frame",
    "tight": f"of the square that the model looks at, more than {100 * quality.TIGHT_SHARE:g} % is "
    "outside the frame, or evenly coloured up to the square's edge, as a border is",
    "covered": f"more than {100 * quality.COVERED_SHARE:g} % of the face box lies in that of a "
    "larger face",
}

REPORT_WARNINGS: Mapping[str, str] = {**UPLOAD_WARNINGS, **FACE_WARNINGS, **QUALITY_WARNINGS}

LIMITS: Mapping[str, str] = {
    "bytes": "size of the file",
    "pixels": "width times height of a picture or frame",
    "duration": "length of a clip",
    "frames": "frames in a clip, analysed or not",
}


def listed(intro: str, meanings: Mapping[Any, str]) -> str:
    """An introduction and each word with its meaning, in Markdown."""
    return "\n".join([intro, "", *(f"- `{word}`: {text}." for word, text in meanings.items())])
