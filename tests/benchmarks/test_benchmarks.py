"""The benchmarks themselves, in their smallest useful piece."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from model_export.checkpoint import Checkpoint
from model_export.export import check_pictures, export
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from service.inference.device import Device
from service.inference.model_file import read_model_file
from service.inference.precision import companion
from service.inference.session import Session, SessionPlan
from service.runtime import Runtime, usable_cpus
from service.settings import Settings
from tests.benchmarks import gpu, limit, materials, network, peers, processes, scaling
from tests.benchmarks.__main__ import main
from tests.benchmarks.client import FAILED, picture_load, run_load
from tests.benchmarks.stages import Stages
from tests.service.running import free_port, running_server


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported paper network of random weights: it costs what a trained one costs."""
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    state = build_network(NetworkConfig()).state_dict()
    export(Checkpoint(NetworkConfig(), state), path, check_pictures(256, 1))
    return path


def test_the_materials_have_the_faces_they_claim(model: Path) -> None:
    stages = Stages(model, threads=1)
    for faces in (0, 1, 3):
        assert len(stages.extract(materials.jpeg(960, 320, faces)).crops) == faces
    film = stages.extract(materials.film(0.16))
    assert (film.media.kind, film.media.frames_total) == ("video", 4)
    assert film.crops


def test_all_stages_together_give_the_report(model: Path) -> None:
    report = json.loads(Stages(model, threads=1).analyze(materials.jpeg()))
    assert report["verdict"] in {"manipulated", "authentic", "inconclusive"}
    assert len(report["faces"]) == 1


@pytest.mark.parametrize("stage", limit.STAGES)
def test_a_stage_alone_is_timed(model: Path, stage: str) -> None:
    taken = limit.bare_seconds(str(model), materials.jpeg(), stage, 0.0)
    assert len(taken) >= 3
    assert min(taken) > 0


def test_the_client_counts_what_a_real_server_answers(model: Path) -> None:
    with running_server(model) as server:
        good = run_load(picture_load(server.port, materials.jpeg(), connections=2, requests=6))
        bad = run_load(picture_load(server.port, b"no picture", connections=1, requests=3))
        assert dict(good.statuses) == {200: 6}
        assert dict(bad.statuses) == {415: 3}
        assert good.percentile_ms(50) <= good.percentile_ms(99) <= 1000 * good.seconds
        assert processes.memory_bytes(server.process.pid) > 2**25
        assert len(processes.tree(server.process.pid)) >= 3
        assert 0 <= processes.cpu_share(server.process.pid, 0.2) <= 2 * (os.cpu_count() or 1)


def test_the_client_says_when_nobody_answers() -> None:
    outcome = run_load(picture_load(free_port(), b"x", connections=1, requests=2))
    assert dict(outcome.statuses) == {FAILED: 2}
    assert np.isnan(outcome.percentile_ms(50))


def test_the_client_keeps_a_rate_whatever_the_server_does() -> None:
    load = picture_load(
        free_port(), b"x", connections=20, seconds=1.0, per_second=40.0, timeout_s=1.0
    )
    outcome = run_load(load)
    assert 30 <= len(outcome.answers) <= 40


def test_the_network_is_compared_and_drawn(tmp_path: Path) -> None:
    paper = tmp_path / "paper.pt"
    state = build_network(NetworkConfig()).state_dict()
    Checkpoint(NetworkConfig(), state).save(paper)
    options = argparse.Namespace(batches=[1], rounds=2, checkpoint=[paper], out=tmp_path)
    figures = network.run(options)
    table = figures["networks"]["paper"]["CPUExecutionProvider 1 threads"]
    kinds = {"plain", "ours", "ours without mask", "ours in 8 bits", "8 bits without mask"}
    assert set(table) == kinds
    assert all(row["1"] > 0 for row in table.values())
    assert (tmp_path / "network.png").stat().st_size > 1000


def test_cost_is_measured_on_every_axis(model: Path) -> None:
    for axis, value in [("batch", 2), ("megapixels", 0.3)]:
        point = scaling.measure(str(model), axis, value, 1)
        assert point.seconds > 0
        assert point.peak_bytes > 2**25


def test_a_naive_peer_does_the_same_work(model: Path) -> None:
    picture = materials.jpeg()
    with peers.served(peers.PEERS["fastapi"], model, picture) as (process, port):
        assert run_load(picture_load(port, picture, requests=2)).statuses[200] == 2
        pid = process.pid
    assert not (Path("/proc") / str(pid)).exists()


def test_a_peer_that_is_not_there_is_reported_with_the_reason(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = peers.Peer("no_such_package", peers.PEERS["litserve"].command)
    monkeypatch.setitem(peers.PEERS, "absent", absent)
    options = argparse.Namespace(
        only=["absent"], rounds=1, seconds=1.0, connections=1, model=model, out=tmp_path
    )
    assert "no_such_package is not installed" in peers.run(options)["skipped"]["absent"]


def test_a_killed_tree_is_gone() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    root = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    end = time.monotonic() + 30
    while len(pids := processes.tree(root.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    processes.kill_tree(root.pid)
    root.wait()
    assert len(pids) == 2
    while any(map(processes.command, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(processes.command, pids))


def test_a_session_agrees_with_itself(model: Path) -> None:
    runtime = Runtime()
    file = read_model_file(model, runtime)
    plan = SessionPlan(1, (1, 2, 4))
    one, other = (Session(file, Device("cpu"), plan, runtime) for _ in range(2))
    difference = gpu.compare(one, other, file.spec.input.size)
    assert difference.good("float32")
    assert not gpu.Difference(2e-3, 0).good("float32")
    assert gpu.Difference(2e-3, 0).good("float16")
    assert not gpu.Difference(0.0, 3).good("float32")


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_what_copies_cost_is_measured_with_any_file(
    precision: Literal["float32", "float16"],
) -> None:
    runtime, device, path = Runtime(), Device("cpu"), Settings().model
    if precision == "float16":
        path = companion(path, precision)
    assert gpu.resident_rate(read_model_file(path, runtime), device, 2, runtime, 0.01) > 0


def test_more_processes_than_cores_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sharing", "--processes", "1000", "--model", str(model), "--out", str(tmp_path)]
    assert main(words) == 1
    assert "1000 processes need as many cores" in capsys.readouterr().err


def test_several_processes_divide_the_cores_and_a_load(model: Path, tmp_path: Path) -> None:
    if usable_cpus() < 2:
        pytest.skip("it takes two cores")
    cores = os.sched_getaffinity(0)
    words = ["--seconds", "0.5", "--rounds", "1", "--connections", "4"]
    assert main(["sharing", "--model", str(model), "--out", str(tmp_path), *words]) == 0
    figures = json.loads((tmp_path / "sharing.json").read_text())
    assert figures["ratio"] > 0
    assert all(row["other"] == 0 for row in figures["rows"].values())
    assert os.sched_getaffinity(0) == cores


def test_without_a_gpu_there_is_one_clear_sentence(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU")
    assert main(["gpu", "--model", str(model), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "The device 'cuda:0' was asked for" in error
    assert len(error.splitlines()) == 1
