"""What `docker-compose --profile cpu|gpu up` would start."""

import json
import re
import shutil
import subprocess

import pytest

from service.settings import ServerSettings, Settings
from tests.docker.compose import COMPOSE_FILE, read_compose, services
from tests.docker.dockerfile import ROOT, Image, read_stages

PROFILES = ("cpu", "gpu")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_starts_one_service_beside_prometheus_and_grafana(profile: str) -> None:
    assert set(services(profile)) == {f"unmask-{profile}", "prometheus", "grafana"}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_builds_its_target(profile: str) -> None:
    build = services(profile)[f"unmask-{profile}"]["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    assert build["target"] == profile
    assert build["target"] in read_stages()


def test_the_two_profiles_differ_only_where_a_gpu_matters() -> None:
    on_cpu, on_gpu = services("cpu")["unmask-cpu"], services("gpu")["unmask-gpu"]
    differing = {key for key in on_cpu.keys() | on_gpu.keys() if on_cpu.get(key) != on_gpu.get(key)}
    assert differing == {"profiles", "image", "build", "environment", "healthcheck", "deploy"}
    (device,) = on_gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_container_is_hardened_and_limited(profile: str) -> None:
    for name, service in services(profile).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["tmpfs"], name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name
        assert service["healthcheck"]["test"][0] == "CMD", name


@pytest.mark.parametrize("profile", PROFILES)
def test_no_upload_is_swapped_out_to_a_disk(profile: str) -> None:
    service = services(profile)[f"unmask-{profile}"]
    assert service["memswap_limit"] == service["mem_limit"]


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_listens_beyond_this_machine_unless_asked_to(profile: str) -> None:
    published = [port for service in services(profile).values() for port in service["ports"]]
    assert len(published) == len(set(published)) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_published_port_is_that_of_the_image(profile: str) -> None:
    (port,) = services(profile)[f"unmask-{profile}"]["ports"]
    assert port.rpartition(":")[2] == Image(read_stages(), profile).environment()["UNMASK_PORT"]


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_and_image_ask_for_health_alike(profile: str) -> None:
    check = services(profile)[f"unmask-{profile}"]["healthcheck"]["test"]
    assert check[1:] == Image(read_stages(), profile).health_command()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_container_is_given_the_time_to_drain(profile: str) -> None:
    grace = services(profile)[f"unmask-{profile}"]["stop_grace_period"]
    server = ServerSettings()
    assert int(grace.removesuffix("s")) > server.drain_s + server.unready_s


@pytest.mark.parametrize("profile", PROFILES)
def test_the_settings_of_a_container_are_understood(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in services(profile)[f"unmask-{profile}"]["environment"].items():
        monkeypatch.setenv(name, value)
    assert Settings().api_keys == ()


def test_the_gpus_are_chosen_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the container toolkit does nothing beside a reservation of all of them."""
    text = COMPOSE_FILE.read_text("utf-8")
    assert "NVIDIA_VISIBLE_DEVICES" not in text
    name = "UNMASK_INFERENCE__DEVICES"
    assert f'{name}: "${{UNMASK_DEVICES:-[0]}}"' in text
    for chosen in (services("gpu")["unmask-gpu"]["environment"][name], "[0,1]"):
        monkeypatch.setenv(name, chosen)
        assert Settings().inference.devices == tuple(json.loads(chosen))


def test_every_mounted_file_exists_and_is_read_only() -> None:
    compose = read_compose()
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro"), source
            else:
                assert source in compose["volumes"]


@pytest.mark.parametrize("profile", PROFILES)
def test_images_of_others_have_a_version(profile: str) -> None:
    for service in services(profile).values():
        if "build" not in service:
            assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])


@pytest.mark.parametrize("profile", PROFILES)
def test_docker_compose_accepts_the_file(profile: str) -> None:
    command = _compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    done = subprocess.run(
        [*command, "--file", str(COMPOSE_FILE), "--profile", profile, "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _compose_command() -> list[str] | None:
    docker, alone = shutil.which("docker"), shutil.which("docker-compose")
    if docker is not None:
        plugin = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return [docker, "compose"]
    return None if alone is None else [alone]
