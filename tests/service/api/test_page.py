"""What the page asks of browsers, as far as it can be read off its files."""

import re

import httpx
import pytest


@pytest.fixture(scope="module")
def rules(server: httpx.Client) -> dict[str, dict[str, str]]:
    """The style's declarations by selector, without what holds for some media only."""
    style = re.sub(r"@media[^\n]*", "", server.get("/web/style.css").text)
    found: dict[str, dict[str, str]] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^}]*)\}", style):
        declared = dict(re.findall(r"([\w-]+):\s*([^;]+);", body))
        for selector in selectors.split(","):
            found.setdefault(selector.strip(), {}).update(declared)
    return found


def test_rows_wrap_where_the_window_is_narrow(rules: dict[str, dict[str, str]]) -> None:
    rows = {name for name, rule in rules.items() if rule.get("display", "").endswith("flex")}
    assert rows == {"#busy", "#player", "#views"}
    assert all(rules[name]["flex-wrap"] == "wrap" for name in rows)
    assert rules["#player input"]["flex"] == "1 1 12rem"


def test_long_names_of_files_break(rules: dict[str, dict[str, str]]) -> None:
    assert rules["main"]["overflow-wrap"] == "anywhere"
    assert rules["table"]["overflow-wrap"] == "normal"


def test_what_a_picture_shows_is_said_by_its_report(server: httpx.Client) -> None:
    page, viewer = server.get("/").text, server.get("/web/viewer.js").text
    assert "region" not in "".join(re.findall(r'alt="([^"]*)"', page))
    assert re.search(r'<canvas id="frame" role="img"', page)
    assert 'at("frame").setAttribute("aria-label"' in viewer


def test_the_page_speaks_of_nothing_that_it_cannot_do(server: httpx.Client) -> None:
    words = re.findall(r'^  \w+: "(.+)",$', server.get("/web/words.js").text, re.MULTILINE)
    assert len(words) > 10
    assert not [each for each in words if "_" in each]


def test_files_chosen_before_the_script_came_are_taken(server: httpx.Client) -> None:
    assert server.get("/web/app.js").text.rstrip().endswith('\ngiven(at("file").files);')
