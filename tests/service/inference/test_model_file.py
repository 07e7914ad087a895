"""A model file describes itself, and one that does so wrongly ends the start."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx
import pytest

from model_export.export import open_session, read_note, write_described
from service.errors import ConfigurationError
from service.faces.crop import CropRule
from service.inference.model_file import ModelFile, parse_spec, read_model_file
from service.inference.precision import companion
from service.runtime import Runtime
from service.settings import Settings

SHIPPED = Settings().model
PRECISIONS = [SHIPPED, companion(SHIPPED, "int8"), companion(SHIPPED, "float16")]


def changed(model: ModelFile, **fields: Any) -> str:
    return json.dumps({**asdict(model.spec), **fields})


def test_digest_is_that_of_the_file(model: ModelFile) -> None:
    assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()


def test_a_spec_survives_a_round_trip(model: ModelFile) -> None:
    assert parse_spec(changed(model), model.path) == model.spec


def test_the_crop_rule_is_read_from_it(model: ModelFile) -> None:
    text = changed(model, crop={"scale": 1.2, "sharpening": 2.5})
    assert parse_spec(text, model.path).crop_rule == CropRule(1.2, 256, 2.5)
    # Files from before there was any sharpening say nothing of it.
    assert parse_spec(changed(model, crop={"scale": 1.2}), model.path).crop_rule == CropRule(1.2)


def test_an_absent_file_is_named(tmp_path: Path, runtime: Runtime) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.onnx cannot be read.*UNMASK_MODEL"):
        read_model_file(tmp_path / "absent.onnx", runtime)


def test_bytes_that_are_no_model_are_refused(tmp_path: Path, runtime: Runtime) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(ConfigurationError, match="cannot load the model"):
        read_model_file(path, runtime)


def test_weights_in_another_file_are_refused_wherever_it_lies(
    model: ModelFile, tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "parted.onnx"
    onnx.save_model(
        onnx.load(model.path),
        path,
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=2048,
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"parted\.onnx .* weights in another file"):
        read_model_file(path, runtime)
    with pytest.raises(Exception, match=r"weights\.bin"):
        open_session(path)


def test_a_model_without_our_metadata_is_refused(
    model: ModelFile, tmp_path: Path, runtime: Runtime
) -> None:
    path, graph = tmp_path / "foreign.onnx", onnx.load(model.path)
    del graph.metadata_props[:]
    onnx.save(graph, path)
    with pytest.raises(ConfigurationError, match="has no 'unmask' metadata"):
        read_model_file(path, runtime)


def test_a_model_whose_output_is_missing_is_refused(
    model: ModelFile, tmp_path: Path, runtime: Runtime
) -> None:
    path = tmp_path / "renamed.onnx"
    content = model.content.replace(b"real_activation", b"surl_activation")
    graph = onnx.load_from_string(content)
    write_described(graph, path, read_note(graph))
    with pytest.raises(ConfigurationError, match="has no tensor 'real_activation'"):
        read_model_file(path, runtime)


def test_a_model_that_needs_another_input_is_refused(
    model: ModelFile, tmp_path: Path, runtime: Runtime
) -> None:
    path, graph = tmp_path / "asking.onnx", onnx.load(model.path)
    asked = [onnx.helper.make_tensor_value_info(n, 1, ["batch"]) for n in ("extra", "echo")]
    graph.graph.input.append(asked[0])
    graph.graph.node.append(onnx.helper.make_node("Identity", ["extra"], ["echo"]))
    graph.graph.output.append(asked[1])
    write_described(graph, path, read_note(graph))
    with pytest.raises(ConfigurationError, match=r"asking\.onnx needs an input 'extra'"):
        read_model_file(path, runtime)


@pytest.mark.parametrize("shipped", PRECISIONS, ids=lambda path: path.name)
def test_a_file_cut_from_two_versions_is_none_of_them(
    shipped: Path, tmp_path: Path, runtime: Runtime
) -> None:
    """As where one is copied over the other while the service starts."""
    graph, versions = onnx.load(shipped), []
    largest = max(graph.graph.initializer, key=lambda each: len(each.raw_data))
    for version in ("7.1", "7.2"):
        path = tmp_path / f"{version}.onnx"
        write_described(graph, path, read_note(graph) | {"version": version})
        assert read_model_file(path, runtime).spec.version == version
        versions.append(path.read_bytes())
        largest.raw_data = largest.raw_data[::-1]
    old, new = versions
    assert len(old) == len(new)
    note, middle = old.rindex(b"7.1"), old.index(largest.raw_data) + len(largest.raw_data) // 2
    for cut in (middle, note, note + 9, len(old) - 9):
        torn = tmp_path / "torn.onnx"
        torn.write_bytes(new[:cut] + old[cut:])
        with pytest.raises(ConfigurationError, match=r"torn\.onnx is not whole"):
            read_model_file(torn, runtime)


def test_a_file_from_before_there_were_seals_is_read(
    model: ModelFile, tmp_path: Path, runtime: Runtime
) -> None:
    path, graph = tmp_path / "old.onnx", onnx.load(model.path)
    note = json.dumps(read_note(graph))
    del graph.metadata_props[:]
    graph.metadata_props.add(key="unmask", value=note)
    onnx.save(graph, path)
    assert read_model_file(path, runtime).spec == model.spec


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"schema": 2}, "schema"),
        ({"name": None}, "name"),
        ({"crop": {"scale": -1.0}}, "crop.scale"),
        ({"crop": {"scale": 1.3, "sharpening": -1.0}}, "crop.sharpening"),
        ({"calibration": {"kind": "logistic", "slope": 0.0, "intercept": 0.0}}, "slope"),
        ({"method_temperature": 0.0}, "method_temperature"),
        ({"method_temperature": 1e-320}, "method_temperature"),
        ({"method_temperature": 1e300}, "method_temperature"),
        ({"methods": ["swap", "swap", "morph"]}, "methods: two methods have one name"),
        ({"methods": ["swap", "none"]}, "methods: 'none' is no name"),
        ({"methods": ["swap", "unknown"]}, "methods: 'unknown' is no name"),
        ({"methods": ["swap", " "]}, "methods: ' ' is no name"),
        ({"methods": ["swap", "a\nb"]}, r"methods: 'a\\nb' is no name"),
        (
            {"thresholds": {"manipulated": 0.2, "authentic": 0.3, "mask": 128, "method": 0.5}},
            "authentic",
        ),
        (
            {"thresholds": {"manipulated": 0.7, "authentic": 0.3, "mask": 0, "method": 0.5}},
            "thresholds.mask",
        ),
    ],
)
def test_wrong_metadata_is_named(model: ModelFile, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigurationError, match=place):
        parse_spec(changed(model, **fields), model.path)


def test_metadata_that_is_no_json_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="JSON"):
        parse_spec("{", Path("model.onnx"))
