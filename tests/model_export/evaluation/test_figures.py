"""Rows to figures, checked by hand."""

from dataclasses import asdict, replace

import pytest
from scipy.special import expit

from model_export.evaluation.figures import (
    as_clips,
    by_skin,
    by_warning,
    methods,
    summarise,
)
from service.inference.model_file import Thresholds
from service.media.stretches import Stretch
from tests.model_export.colour_model import NOTE
from tests.model_export.evaluation.rows import PLAIN, row

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def test_a_clip_is_judged_by_the_upper_half_of_its_worst_track() -> None:
    clips = as_clips(
        [
            row(-3, "swap", "clip"),
            row(2, "swap", "clip"),
            row(4, "swap", "clip"),
            row(-9, "swap", "clip"),
            row(1, "swap", "clip", track=1),
            row(-1, None, "real clip"),
        ],
        THRESHOLDS,
    )
    assert [(clip.group, clip.logit) for clip in clips] == [("clip", 3.0), ("real clip", -1.0)]
    assert clips[0].probability == pytest.approx(float(expit(3.0)))


def test_what_prediction_adds_to_a_clip_is_made_the_usual() -> None:
    rows = [row(x, "swap", "clip") for x in (1.0, -1.0, 1.0)]
    keys = [replace(each, in_key_frame=place == 1) for place, each in enumerate(rows)]
    assert [clip.logit for clip in as_clips([*rows, row(0, None)], THRESHOLDS)] == [0.0, 0.0]
    assert [clip.logit for clip in as_clips([*keys, row(0, None)], THRESHOLDS)] == [-0.5, 0.0]


def test_poor_crops_have_no_vote_where_there_is_a_good_one() -> None:
    poor = [replace(row(x, "swap", "clip"), good=False) for x in (6.0, 4.0)]
    assert [clip.logit for clip in as_clips([*poor, row(1, "swap", "clip")], THRESHOLDS)] == [1.0]
    assert [clip.logit for clip in as_clips(poor, THRESHOLDS)] == [5.0]


def test_a_frame_weighs_for_as_long_as_it_stands() -> None:
    frames = [row(x, "swap", "clip") for x in (3.0, 1.0)]
    long = [replace(frames[0], stretch=Stretch(0.0, 3.0)), frames[1]]
    assert [clip.logit for clip in as_clips(frames, THRESHOLDS)] == [2.0]
    assert [clip.logit for clip in as_clips(long, THRESHOLDS)] == [2.5]


def test_frames_that_a_face_is_crowded_out_of_count_as_in_the_service() -> None:
    frames = [row(x, "swap", "clip") for x in (3.0, 1.0, 1.0, 1.0)]
    crowded = [replace(each, crowded_out=12) for each in frames]
    assert [clip.logit for clip in as_clips(frames, THRESHOLDS)] == [2.0]
    assert [clip.logit for clip in as_clips(crowded, THRESHOLDS)] == [1.5]
    # Not seen well any more: what is poor has a vote again.
    poor = [replace(each, good=each.logit > 2, crowded_out=4) for each in frames]
    assert [clip.logit for clip in as_clips(poor, THRESHOLDS)] == [2.0]
    other = row(-1.0, "swap", "clip", track=1)
    assert [clip.logit for clip in as_clips([*poor, other], THRESHOLDS)] == [-1.0]


def test_frames_that_contradict_one_another_bring_a_clip_to_the_middle() -> None:
    flips = [row(4.0 * (-1) ** place, "swap", "clip") for place in range(8)]
    run = sorted(flips, key=lambda each: each.logit)
    (contradicting,), (agreeing,) = (as_clips(rows, THRESHOLDS) for rows in (flips, run))
    assert agreeing.logit == 4.0
    assert contradicting.logit == 0.0


def test_clips_are_reported_only_where_there_are_any() -> None:
    pictures = [row(2, "swap"), row(-2, None)]
    assert "clips" not in summarise(pictures, 0.5, NOTE)
    clips = [*pictures, row(3, "swap", pictures[0].group)]
    assert summarise(clips, 0.5, NOTE)["clips"]["fakes"] == 1


def test_errors_are_taken_at_the_threshold_of_other_data() -> None:
    rows = [row(2, "swap"), row(-2, "edit"), row(1, None), row(-3, None)]
    figures = summarise(rows, float(expit(0.5)), NOTE)["crops"]
    assert figures["auc"] == 0.75
    at = figures["at_validation_threshold"]
    assert at["apcer"]["swap"]["rate"] == 0
    assert at["apcer"]["edit"]["rate"] == 1
    assert at["bpcer"]["rate"] == 0.5
    assert at["hter"] == 0.5
    strict = figures["at_manipulated"]
    assert strict["bpcer"]["errors"] == int(expit(1) >= 0.7)


def test_methods_count_only_where_the_detector_can_know_them() -> None:
    figures = methods(
        [
            row(1, "Deepfakes", named="deepfakes"),
            row(2, "Deepfakes", named="faceswap"),
            row(3, "FaceSwap"),
            row(4, "inswapper", named="faceswap"),
            row(-1, None, named="faceswap"),
        ]
    )
    assert figures["confusion"]["Deepfakes"] == {"deepfakes": 1, "faceswap": 1}
    assert figures["confusion"]["inswapper"] == {"faceswap": 1}
    assert "real" not in figures["confusion"]
    assert figures["accuracy"] == pytest.approx(1 / 3)
    assert figures["accuracy_when_named"] == 0.5
    assert figures["named_share"] == pytest.approx(2 / 3)


def test_where_no_method_can_be_known_none_is_right_or_wrong() -> None:
    figures = methods([row(1, "inswapper", named="faceswap"), row(-1, None)])
    shares = ("accuracy", "accuracy_when_named", "named_share")
    assert [figures[name] for name in shares] == [None] * 3


def test_warnings_are_shown_with_their_errors() -> None:
    rows = [row(-1, "swap", warnings=("blurred",)), row(2, "swap"), row(-2, None)]
    figures = by_warning(rows, 0.5)
    assert figures["blurred"]["rate"] == 1
    assert figures["none"]["rate"] == 0
    assert by_warning(rows[1:], 0.5) == {}
    assert [*by_warning(rows[:1], 0.5)] == ["blurred"], "nothing is without a warning"


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="fakes and reals"):
        summarise([row(1, "swap")], 0.5, NOTE)


def test_errors_are_told_by_tone_of_skin() -> None:
    rows = [
        row(2, "swap", skin="light"),
        row(-2, None, skin="light"),
        row(2, "swap", skin="dark"),
        row(1, None, skin="dark"),
        row(3, "swap", skin="medium"),
        row(-3, None, skin="unmeasured"),
    ]
    found = by_skin(rows, 0.5)
    assert [*found] == ["light", "dark"], "a tone needs fakes and reals"
    assert (found["light"]["bpcer"]["rate"], found["dark"]["bpcer"]["rate"]) == (0.0, 1.0)
    assert found["dark"]["missed"]["rate"] == 0.0


def test_a_probability_equal_to_the_threshold_counts_as_fake() -> None:
    rows = [row(0, each, skin="dark", warnings=("blurred",)) for each in ("swap", None, None)]
    found = by_skin(rows, 0.5)["dark"]
    assert (found["missed"]["errors"], found["bpcer"]["errors"]) == (0, 2)
    assert by_warning(rows, 0.5)["blurred"]["errors"] == 2


def test_a_number_that_tells_the_classes_apart_by_itself_is_found() -> None:
    soft, sharp = (replace(PLAIN, sharpness=value) for value in (2.0, 6.0))
    rows = [row(n, "swap", surface=soft) for n in range(6)]
    rows += [row(-n, None, surface=sharp if n else soft) for n in range(6)]
    found = summarise(rows, 0.5, NOTE)["surface"]
    assert found["sharpness"] == pytest.approx(1 / 12)
    assert found["brightness"] == 0.5


def test_many_frames_of_few_clips_do_not_make_a_figure_certain() -> None:
    frames = [row(-2 if clip < 2 else 2, "swap", f"fake {clip}") for clip in range(8)] * 40
    reals = [row(-3, None, f"real {clip}") for clip in range(8)] * 40
    figures = summarise([*frames, *reals], 0.5, NOTE)
    crops, clips = figures["crops"], figures["clips"]
    for name in ("missed", "bpcer"):
        of_crops, of_clips = (f["at_validation_threshold"][name] for f in (crops, clips))
        assert of_crops["count"] == 40 * of_clips["count"]
        assert of_crops["rate"] == of_clips["rate"]
        assert of_crops["low"] <= of_clips["low"]
        assert of_crops["high"] >= of_clips["high"]


def test_who_is_certain_of_both_is_ranked_by_how_certain() -> None:
    assert expit(50.0) == expit(40.0) == 1
    figures = summarise([row(50, "swap"), row(40, None)], 0.5, NOTE)["crops"]
    assert (figures["auc"], figures["eer"], figures["found_at_bpcer"]["0.01"]) == (1, 0, 1)
    assert figures["per_method"]["swap"] == {"auc": 1, "eer": 0}


def test_the_threshold_of_the_equal_error_is_a_probability() -> None:
    rows = [row(3, "swap"), row(2, "swap"), row(1, None), row(-3, None)]
    assert summarise(rows, 0.5, NOTE)["crops"]["eer_probability"] == pytest.approx(expit(2))


def test_verdicts_are_counted_at_the_thresholds_of_the_model() -> None:
    logits = {"swap": (3.0, 0.1, -0.1, -3.0), None: (2.0, -0.1, -2.0, -3.0)}
    rows = [row(each, method) for method, drawn in logits.items() for each in drawn]
    figures = summarise(rows, 0.5, {**NOTE, "thresholds": asdict(THRESHOLDS)})["crops"]
    assert figures["at_manipulated"]["missed"]["errors"] == 3
    assert figures["verdicts"] == {
        "decided": 5 / 8,
        "wrong_among_decided": 2 / 5,
        "fakes_called_authentic": 1 / 4,
        "reals_called_manipulated": 1 / 4,
    }


def test_a_track_too_poor_to_judge_does_not_outweigh_a_good_one() -> None:
    poor = replace(row(9, None, "clip"), good=False)
    assert [clip.logit for clip in as_clips([poor, row(1, None, "clip", track=1)], THRESHOLDS)] == [
        1.0
    ]


def test_a_clip_with_a_manipulated_stretch_is_a_fake_whichever_frame_looks_worst() -> None:
    (clip,) = as_clips([row(5, None, "clip"), row(-1, "swap", "clip")], THRESHOLDS)
    assert (clip.fake, clip.method) == (True, "swap")


def test_frames_of_one_clip_are_no_independent_errors_of_a_tone_or_a_warning() -> None:
    fakes = [row(2, "swap", "fake clip", skin="dark", warnings=("blurred",))] * 50
    reals = [row(-2, None, f"real clip {place % 2}", skin="dark") for place in range(50)]
    of_one_clip, of_two = 0.975, 1 - 0.025 ** (1 / 2)
    tone = by_skin([*fakes, *reals], 0.5)["dark"]
    blurred = by_warning([*fakes, *reals], 0.5)["blurred"]
    for rate, high in (
        (tone["bpcer"], of_two),
        (tone["missed"], of_one_clip),
        (blurred, of_one_clip),
    ):
        assert (rate["low"], rate["high"]) == (0.0, pytest.approx(high))


def test_who_is_largest_is_told_by_the_share_of_all_crops() -> None:
    rows = [*[row(2, "swap", "long")] * 6, row(1, "swap"), row(-1, None)]
    figures = summarise(rows, 0.5, NOTE)["crops"]
    assert (figures["independent"], figures["largest_group"]) == (3, 0.75)
