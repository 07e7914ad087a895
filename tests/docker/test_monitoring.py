"""Prometheus scrapes what the service serves, and Grafana asks for what Prometheus then has."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.settings import Settings
from service.telemetry import Telemetry
from tests.docker.compose import read_compose, read_yaml, services
from tests.docker.dockerfile import ROOT

DASHBOARD = "docker/grafana/dashboards/unmask.json"
_FUNCTIONS = {"sum", "min", "rate", "increase", "histogram_quantile", "by", "or"}
_FUNCTIONS |= {"vector", "scalar"}
_LABEL_LISTS = re.compile(r"\bby\s*\(([^)]*)\)")
_SELECTORS = re.compile(r"\{([^}]*)\}")
# Labels that Prometheus puts on every series of a target.
_TARGET_LABELS = {"job", "instance"}
OF_PROMETHEUS: dict[str, set[str]] = {"up": set()}
"""What it says of every target by itself."""


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / DASHBOARD).read_text("utf-8"))
    return loaded


def queries() -> Iterator[tuple[str, str, str]]:
    """Panel title, expression and legend of every query of the dashboard."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics in a PromQL expression, without functions, labels and ranges."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby\s*\([^)]*\)", " ", expression)
    return set(re.findall(r"[a-z_]{2,}", bare)) - _FUNCTIONS


def labels_in(expression: str) -> set[str]:
    """The names of labels that an expression selects or groups by."""
    grouped = {
        name.strip() for names in _LABEL_LISTS.findall(expression) for name in names.split(",")
    }
    selected = set(re.findall(r"(\w+)\s*(?:=|!)", " ".join(_SELECTORS.findall(expression))))
    return grouped | selected


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """Every series name that the telemetry exports, with its labels."""
    telemetry = Telemetry()
    # What the opening of a pipeline shows, and reports that name a method.
    telemetry.expect(["faceswap"])
    telemetry.workers.labels("media").set(1)
    telemetry.model_info.labels("name", "version", "digest", "provider", "int8").set(1)
    telemetry.build_info.labels("0.1.0", "1.30.0", "3.12.0").set(1)
    telemetry.device_memory.labels("cpu").set(1)
    silent = [family.name for family in telemetry.registry.collect() if not family.samples]
    assert silent == [], "a metric without samples would be missed by no test"
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(telemetry.exposition.text().decode()):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def test_the_dashboard_asks_only_for_metrics_that_the_service_exports(
    exported: dict[str, set[str]],
) -> None:
    asked = {name for _, expression, _ in queries() for name in metrics_in(expression)}
    assert len(asked) > 10
    assert asked <= exported.keys() | OF_PROMETHEUS.keys()


def test_the_dashboard_shows_every_metric_of_the_service(exported: dict[str, set[str]]) -> None:
    def family(name: str) -> str:
        return re.sub(r"_(bucket|sum|count|created)$", "", name)

    asked = {family(name) for _, expression, _ in queries() for name in metrics_in(expression)}
    ours = {family(name) for name in exported if name.startswith("unmask_")}
    ours = {name for name in ours if f"{name}_total" not in ours}  # when a counter was created
    assert ours <= asked


def test_every_label_of_a_query_is_one_of_its_metric(exported: dict[str, set[str]]) -> None:
    for title, expression, legend in queries():
        labels = {**exported, **OF_PROMETHEUS}
        known = set.union(*(labels[name] for name in metrics_in(expression))) | _TARGET_LABELS
        assert labels_in(expression) <= known, title
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= known, title


def queried(title: str) -> list[str]:
    return [expression for panel, expression, _ in queries() if panel == title]


@pytest.mark.parametrize("title", ["Requests", "Answered with 5xx", "Faces judged"])
def test_a_figure_of_a_service_that_is_gone_is_nought(title: str) -> None:
    """A panel that shows one figure shows the last that there was."""
    assert all(query.endswith(" or vector(0)") for query in queried(title))


def test_models_that_differ_in_their_file_alone_are_two(exported: dict[str, set[str]]) -> None:
    (query,) = queried("Model in use")
    assert labels_in(query) == exported["unmask_model_info"]


def test_the_stages_of_a_request_add_up() -> None:
    """Each is divided by the same number: not every request comes to every stage."""
    (query,) = queried("Where the time goes")
    numerator, _, denominator = query.partition(" / ")
    assert labels_in(numerator) == {"stage"}
    assert denominator.startswith("scalar(sum(")


def test_the_event_loop_is_told_from_the_rest_of_its_process() -> None:
    """Sessions are threads of the same process."""
    loop, process = queried("CPU of the event loop")
    assert metrics_in(loop) == {"unmask_event_loop_cpu_seconds_total"}
    assert metrics_in(process) == {"process_cpu_seconds_total"}


def test_every_panel_uses_the_provisioned_data_source() -> None:
    (source,) = read_yaml("docker/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    wanted = {"type": source["type"], "uid": source["uid"]}
    for panel in dashboard()["panels"]:
        assert panel["datasource"] == wanted, panel["title"]
        assert all(target["datasource"] == wanted for target in panel["targets"])


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_grafana_looks_for_dashboards_where_they_are_mounted() -> None:
    grafana = read_compose()["services"]["grafana"]
    mounts = {volume.split(":")[0]: volume.split(":")[1] for volume in grafana["volumes"]}
    folder = mounts["./docker/grafana/dashboards"]
    (provider,) = read_yaml("docker/grafana/provisioning/dashboards/unmask.yml")["providers"]
    assert provider["options"]["path"] == folder
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/unmask.json"


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_prometheus_knows_the_service_of_either_profile(profile: str) -> None:
    (job,) = read_yaml("docker/prometheus/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, _, port = target.partition(":")
    aliases = services(profile)[f"unmask-{profile}"]["networks"]["default"]["aliases"]
    assert host in aliases
    assert int(port) == Settings.model_fields["port"].default


def test_the_scraped_path_is_served(server: httpx.Client) -> None:
    (job,) = read_yaml("docker/prometheus/prometheus.yml")["scrape_configs"]
    response = server.get(job["metrics_path"])
    assert response.status_code == 200
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert values["unmask_ready"] == 1.0
