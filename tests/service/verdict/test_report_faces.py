"""Several faces in one upload: who decides, whose mask is shown, who is one of several."""

from dataclasses import replace

from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.service.verdict.faces import SPEC, block, evidence, extraction, face

RULE = SupportRule(min_width_px=32, min_sharpness=1.0)
HEAD = (5.0, 0.0, 0.0)


def test_the_worst_face_decides_and_the_authentic_one_shows_no_mask() -> None:
    crops = [face(track=0), face(track=1, left=100)]
    specks = block(0, 0, 20, 20)
    found = [evidence(-4.0, specks, HEAD), evidence(4.0, block(0, 0, 256, 256), HEAD)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert [each.verdict for each in report.faces] == ["authentic", "manipulated"]
    assert report.fake_probability == report.faces[1].fake_probability
    assert report.faces[0].method.name == "none"
    assert report.faces[0].mask.area_fraction == 0.0
    assert report.mask is not None
    assert not report.mask.pixels[:, :100].any()
    assert report.mask.pixels[:64, 100:164].all()


def test_what_is_acquitted_shows_no_mask_but_that_of_what_it_warns_of() -> None:
    crops = [face(track=0), face(track=1, left=100, warnings=("covered",))]
    whole = block(0, 0, 256, 256)
    for logit, warnings, shown in ((5.0, ("face_covered",), True), (0.5, (), False)):
        found = [evidence(-4.0, whole, HEAD), evidence(logit, whole, HEAD)]
        report = build_report(extraction(crops), found, SPEC, RULE)
        assert (report.verdict, report.warnings) == ("authentic", warnings)
        assert report.mask is not None
        assert bool(report.mask.pixels[:, 100:].any()) == shown
        assert not report.mask.pixels[:, :100].any()


def test_one_of_several_faces_is_accused_by_more_than_a_single_one() -> None:
    spec = replace(SPEC, thresholds=replace(SPEC.thresholds, mean_excess=0.8))
    pair = [face(track=0), face(track=1, left=100)]
    found = [evidence(-4.0, methods=HEAD), evidence(1.0, methods=HEAD)]
    alone = build_report(extraction(pair[1:]), found[1:], spec, RULE)
    assert (alone.verdict, alone.warnings) == ("manipulated", ())
    both = build_report(extraction(pair), found, spec, RULE)
    assert [each.verdict for each in both.faces] == ["authentic", "inconclusive"]
    assert (both.verdict, both.warnings) == ("inconclusive", ("one_of_several",))
    assert both.fake_probability == alone.fake_probability
    assert both.faces[1].reasons == ("one_of_several",)
    surer = build_report(extraction(pair), [found[0], evidence(1.5, methods=HEAD)], spec, RULE)
    assert (surer.verdict, surer.warnings) == ("manipulated", ())


def test_who_is_a_new_face_after_every_cut_is_not_several() -> None:
    spec = replace(SPEC, thresholds=replace(SPEC.thresholds, mean_excess=0.8))
    crops = [face(frame=i, track=i // 2, person=0) for i in range(8)]
    found = [evidence(1.0 if i < 2 else -4.0, methods=HEAD) for i in range(8)]
    report = build_report(extraction(crops, frames=8), found, spec, RULE)
    assert (report.verdict, report.warnings) == ("manipulated", ())
    beside = [*crops, face(frame=7, track=4, left=100)]
    report = build_report(extraction(beside, frames=8), [*found, evidence(-4.0)], spec, RULE)
    assert (report.verdict, report.warnings) == ("inconclusive", ("one_of_several",))


def test_who_is_shown_after_others_is_one_of_several() -> None:
    """The worst of them decides, whenever it is shown: their errors add up as in a group."""
    spec = replace(SPEC, thresholds=replace(SPEC.thresholds, mean_excess=0.8))
    crops = [face(frame=i, track=i // 4) for i in range(8)]
    found = [evidence(1.0 if i < 4 else -4.0, methods=HEAD) for i in range(8)]
    report = build_report(extraction(crops, frames=8), found, spec, RULE)
    assert (report.verdict, report.warnings) == ("inconclusive", ("one_of_several",))
    poor = [*crops[:4], *(face(frame=i, track=1, side=16) for i in range(4, 8))]
    report = build_report(extraction(poor, frames=8), found, spec, RULE)
    assert (report.verdict, report.warnings) == ("manipulated", ())


def test_who_is_too_poor_to_be_judged_makes_nobody_one_of_several() -> None:
    spec = replace(SPEC, thresholds=replace(SPEC.thresholds, mean_excess=0.8))
    crops = [face(track=0), face(track=1, side=16)]
    report = build_report(extraction(crops), [evidence(1.0), evidence(1.0)], spec, RULE)
    assert [each.reasons for each in report.faces] == [(), ("face_too_small",)]
    assert report.verdict == "manipulated"


def test_a_face_partly_behind_another_accuses_nobody() -> None:
    crops = [face(track=0), face(track=1, left=100, warnings=("covered",))]
    found = [evidence(-4.0, methods=HEAD), evidence(5.0, methods=HEAD)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert [each.verdict for each in report.faces] == ["authentic", "inconclusive"]
    assert report.faces[1].reasons == ("face_covered",)
    assert report.verdict == "authentic"
    assert report.warnings == ("face_covered",), "what looks manipulated is not passed over"
    calm = build_report(extraction(crops), [evidence(-4.0), evidence(-3.0)], SPEC, RULE)
    assert (calm.verdict, calm.warnings) == ("authentic", ())
    alone = build_report(extraction(crops[1:]), found[1:], SPEC, RULE)
    assert alone.verdict == "inconclusive"
    assert alone.warnings == ("face_covered", "covered")


def test_a_poor_face_in_the_background_does_not_decide() -> None:
    crops = [face(track=0), face(track=1, side=16)]
    found = [evidence(-4.0, methods=HEAD), evidence(6.0, methods=HEAD)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert report.verdict == "authentic"
    assert [each.verdict for each in report.faces] == ["authentic", "inconclusive"]


def test_nobody_else_speaks_for_a_face_that_was_seen_well_for_a_moment() -> None:
    good = [place % 5 < 2 for place in range(16)]
    crops = [face(frame=i, sharpness=10.0 if fits else 0.1) for i, fits in enumerate(good)]
    beside = [face(frame=i, track=1, left=100) for i in range(16)]
    calm = [evidence(-4.0, methods=HEAD)] * 16
    for logit, verdict, warnings in (
        (6.0, "inconclusive", ("face_too_blurred",)),
        (0.5, "authentic", ()),
    ):
        found = [evidence(logit, methods=HEAD)] * 16 + calm
        report = build_report(extraction(crops + beside, frames=16), found, SPEC, RULE)
        assert [each.supported for each in report.faces] == [False, True]
        assert (report.verdict, report.warnings[:1]) == (verdict, warnings)
