"""A crop's method is named where the service would name it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.evaluation.rows import UNKNOWN, judge_rows
from model_export.metrics.skin import skin_tone
from model_export.metrics.surface import surface_of
from model_export.sources.sample import Sample, Tally
from service.inference.model_file import Calibration, ModelSpec
from service.inference.second_look import Outputs
from service.media.stretches import Interval
from service.verdict.calibration import decide, probability
from service.verdict.method import name_method
from tests.service.verdict.faces import SPEC, evidence

WHOLE = np.full((256, 256), 255, np.uint8)
CERTAIN, VAGUE = (5.0, 0.0, 0.0), (0.1, 0.0, 0.0)


class Said:
    """A detector that says the same of every crop."""

    def __init__(
        self,
        logit: float,
        methods: tuple[float, ...],
        spec: ModelSpec,
        mask: NDArray[np.uint8] = WHOLE,
        real: float = 0.0,
    ) -> None:
        self.note: dict[str, Any] = {
            "calibration": asdict(spec.calibration),
            "thresholds": asdict(spec.thresholds),
            "methods": [*spec.methods],
            "method_temperature": spec.method_temperature,
        }
        self._logit, self._methods, self._mask = logit, methods, mask
        self._real = real

    def look(self, crops: Sequence[NDArray[np.uint8]]) -> Outputs:
        """See `Judge`."""
        fake = np.full(len(crops), self._logit, np.float32)
        outputs: Outputs = [
            fake,
            np.full_like(fake, self._real),
            np.stack([self._mask] * len(crops)),
        ]
        return [*outputs, np.array([self._methods] * len(crops))] if self._methods else outputs


FAKE = Sample(np.zeros((256, 256, 3), np.uint8), True, "deepfakes", None, "a")


class One:
    """A source of one sample, or of some."""

    tally = Tally()

    def __init__(self, *samples: Sample) -> None:
        self._samples = samples or (FAKE,)

    def samples(self) -> Iterator[Sample]:
        """See `Source`."""
        yield from self._samples


@pytest.mark.parametrize("logit", [-3.0, -0.1, 0.1, 3.0])
@pytest.mark.parametrize("methods", [(), VAGUE, CERTAIN], ids=["none", "vague", "certain"])
@pytest.mark.parametrize("authentic", [0.3, 0.6])
def test_a_method_is_named_where_the_service_names_it(
    logit: float, methods: tuple[float, ...], authentic: float
) -> None:
    spec = replace(
        SPEC,
        methods=SPEC.methods if methods else (),
        thresholds=replace(SPEC.thresholds, authentic=authentic),
    )
    ((row, _, _),) = judge_rows(Said(logit, methods, spec), One())
    share = probability(logit)
    found = name_method(
        [evidence(logit, WHOLE, methods or None)],
        [share],
        decide(share, spec.thresholds),
        WHOLE,
        spec,
        fake_probability=share,
    )
    assert row.named == (UNKNOWN if found.name == "none" else found.name)
    if logit > 0.5:
        assert (row.named == "deepfakes") is (methods != VAGUE)
    if logit < 0:
        assert row.named == UNKNOWN


@pytest.mark.parametrize(
    ("temperature", "least", "named"),
    [(1.0, 0.5, False), (0.02, 0.5, True), (1.0, 0.35, True), (0.02, 0.999, False)],
)
def test_the_model_s_own_temperature_and_threshold_name_a_method(
    temperature: float, least: float, named: bool
) -> None:
    thresholds = replace(SPEC.thresholds, method=least)
    spec = replace(SPEC, method_temperature=temperature, thresholds=thresholds)
    ((row, _, _),) = judge_rows(Said(3.0, VAGUE, spec), One())
    assert row.named == ("deepfakes" if named else UNKNOWN)


@pytest.mark.parametrize(("level", "area"), [(90, 1.0), (110, 0.0)])
def test_masks_are_measured_as_the_service_shows_them(level: int, area: float) -> None:
    spec = replace(SPEC, thresholds=replace(SPEC.thresholds, mask=level))
    said = Said(3.0, CERTAIN, spec, np.full_like(WHOLE, 100))
    for sample in (replace(FAKE, mask=WHOLE), replace(FAKE, fake=False, method=None)):
        ((row, _, _),) = judge_rows(said, One(sample))
        assert row.match is not None
        assert row.match.area == area


def test_a_row_tells_of_its_crop_as_it_is_judged(astronaut: NDArray[np.uint8]) -> None:
    crop = np.ascontiguousarray(astronaut[40:296, 96:352])
    sample = replace(FAKE, crop=crop, sharpening=1.5, origin="a pair", person="her")
    ((row, _, _),) = judge_rows(Said(3.0, CERTAIN, SPEC), One(sample))
    assert row.kin == "her"
    assert row.surface == surface_of(sample.seen) != surface_of(crop)
    assert row.skin == skin_tone(crop)


def test_what_is_known_of_a_crop_stands_in_its_row() -> None:
    known: dict[str, Any] = {
        "group": "clip",
        "track": 3,
        "warnings": ("blurred",),
        "time_s": 1.5,
        "in_key_frame": False,
        "good": False,
        "stretch": Interval(1.0, 2.0),
        "crowded_out": 5,
    }
    for fake, method in ((True, "deepfakes"), (False, None)):
        sample = replace(FAKE, fake=fake, method=method, **known)
        ((row, _, _),) = judge_rows(Said(3.0, CERTAIN, SPEC), One(sample))
        assert {name: getattr(row, name) for name in known} == known
        assert (row.fake, row.method) == (fake, method or "real")


def test_logits_are_the_differences_of_the_classes_calibrated() -> None:
    spec = replace(SPEC, calibration=Calibration("logistic", 2.0, -1.5))
    ((row, _, _),) = judge_rows(Said(3.0, CERTAIN, spec, real=1.0), One())
    assert row.logit == 2.0 * (3.0 - 1.0) - 1.5
    assert row.probability == pytest.approx(1 / (1 + np.exp(-2.5)))


def test_methods_are_weighed_crop_by_crop() -> None:
    rows = [row for row, _, _ in judge_rows(Said(3.0, CERTAIN, SPEC), One(FAKE, FAKE, FAKE))]
    assert [row.named for row in rows] == ["deepfakes"] * 3


def test_a_fake_is_matched_with_its_own_mask_or_with_none() -> None:
    said = Said(3.0, CERTAIN, SPEC)
    ((known, _, _),) = judge_rows(said, One(replace(FAKE, mask=WHOLE)))
    assert known.match is not None
    assert known.match.iou == 1.0
    ((unknown, _, _),) = judge_rows(said, One(FAKE))
    assert unknown.match is None
