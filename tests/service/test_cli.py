"""The command `unmask`: one clear sentence when it cannot do what it is told."""

import hashlib
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import onnx
import pytest

from model_export.export import read_note, write_described
from service.runtime import Runtime
from tests.service.running import ROOT, environment, free_port, wait_until_ready

REPLACED = """
import sys
from pathlib import Path
from service import cli

path, tried = Path(sys.argv.pop()), cli.prove_devices

def replaced(*given, **named):
    tried(*given, **named)
    path.write_bytes(b"half of a copy")

cli.prove_devices = replaced
sys.exit(cli.main())
"""


def unmask(model: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    # A service may be running on the port that is the default.
    settings = {"PORT": str(free_port())} | settings
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        env=environment(model, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("unmask: ")
    return line


def test_check_names_model_and_device(model_path: Path) -> None:
    result = unmask(model_path, "check", "--device", "cpu")
    assert result.returncode == 0
    assert "on cpu" in result.stdout


def test_a_model_s_name_forges_no_line(model_path: Path, tmp_path: Path) -> None:
    path, graph = tmp_path / "forged.onnx", onnx.load(model_path)
    write_described(graph, path, read_note(graph) | {"name": "a\nunmask: ready to start with b"})
    result = unmask(path, "check", "--device", "cpu")
    assert result.stdout.startswith("unmask: ready to start with a\\nunmask: ready")
    assert len(result.stdout.splitlines()) == 1


def test_a_model_replaced_after_it_was_tried_changes_no_start(
    model_path: Path, tmp_path: Path
) -> None:
    path, port = tmp_path / "m.onnx", str(free_port())
    path.write_bytes(model_path.read_bytes())
    process = subprocess.Popen(
        [sys.executable, "-c", REPLACED, "serve", str(path)],
        env=environment(path, PORT=port, PRECISION="float32"),
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_ready(process, client)
            digest = client.get("/model").json()["sha256"]
    finally:
        process.kill()
        process.wait()
    assert digest == hashlib.sha256(model_path.read_bytes()).hexdigest()


@pytest.mark.parametrize("command", ["check", "serve"])
def test_cuda_asked_for_without_a_gpu_fails_with_the_reason(
    model_path: Path, command: str, runtime: Runtime
) -> None:
    if "CUDAExecutionProvider" in runtime.providers():
        pytest.skip("this ONNX Runtime is built for GPUs")
    line = one_sentence(unmask(model_path, command, DEVICE="cuda"))
    assert "'cuda:0' was asked for" in line


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    assert "absent.onnx cannot be read" in one_sentence(unmask(tmp_path / "absent.onnx", "serve"))


def test_a_wrong_setting_is_named(model_path: Path) -> None:
    assert "inference" in one_sentence(unmask(model_path, "check", INFERENCE__BUCKETS="many"))
    assert "UNMASK_PORT" in one_sentence(unmask(model_path, "check", PORT="eighty"))
    line = one_sentence(unmask(model_path, "check", MEDIA__MAX_BYTES="0"))
    assert "UNMASK_MEDIA__MAX_BYTES" in line
    line = one_sentence(unmask(model_path, "check", MEDIA__MEMORY_BYTES=str(100 * 2**20)))
    assert "UNMASK_MEDIA__MEMORY_BYTES" in line
    line = one_sentence(unmask(model_path, "check", API_KEYS=","))
    assert line.startswith("unmask: UNMASK_API_KEYS is wrong: it holds no key")
    line = one_sentence(unmask(model_path, "check", MEDIA__WORKER="3"))
    assert line == "unmask: UNMASK_MEDIA__WORKER is no setting."


@pytest.mark.parametrize("command", [["check"], ["serve"], ["analyze", "picture.jpg"]])
def test_a_detector_that_is_none_ends_every_command(model_path: Path, command: list[str]) -> None:
    other = str(ROOT / "service" / "weights" / "faces.onnx")
    one_sentence(unmask(model_path, *command, FACES__DETECTOR="yunet", FACES__YUNET_PATH=other))


def test_what_only_looks_like_a_setting_is_a_warning(model_path: Path) -> None:
    result = unmask(model_path, "check", SERVICE_HOST="10.0.0.1")
    assert result.returncode == 0
    assert "UNMASK_SERVICE_HOST is no setting" in result.stderr


def test_the_address_that_kubernetes_calls_a_port_is_none(model_path: Path) -> None:
    # The usual port then, where a server of whoever runs the tests may listen at the usual address.
    result = unmask(model_path, "check", HOST="127.0.0.2", PORT="tcp://10.0.0.1:8000")
    assert result.returncode == 0
    assert "UNMASK_PORT is no setting and is ignored" in result.stderr


@pytest.mark.parametrize("command", ["check", "serve"])
def test_an_address_in_use_is_named(model_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = one_sentence(unmask(model_path, command, PORT=address.partition(":")[2]))
    assert f"Nothing can listen on {address}: Address already in use." in line


def test_a_count_below_one_is_refused(model_path: Path) -> None:
    result = unmask(model_path, "analyze", "--max-frames", "0", "picture.jpg")
    assert result.returncode == 2
    assert "--max-frames: 0 is not a whole number from 1 on" in result.stderr


def test_a_missing_runtime_says_what_to_install(model_path: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['onnxruntime'] = None\n", "utf-8"
    )
    variables = environment(model_path, PORT=str(free_port()))
    variables["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    result = subprocess.run(
        [sys.executable, "-m", "service.cli", "check"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "install unmask[cpu] or unmask[gpu]" in one_sentence(result)


@pytest.mark.parametrize("command", [["check"], ["analyze", "picture.jpg"]])
def test_a_full_disk_behind_stdout_is_said(model_path: Path, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "service.cli", *command],
            env=environment(model_path, PORT=str(free_port())),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "No space left on device" in one_sentence(result)
