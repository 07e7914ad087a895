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


def test_the_moment_of_a_clip_that_plays_is_not_read_out(server: httpx.Client) -> None:
    assert '<output id="now" aria-live="off">' in server.get("/").text


def test_the_table_can_be_scrolled_by_keys(
    server: httpx.Client, rules: dict[str, dict[str, str]]
) -> None:
    scrolled = [name for name, rule in rules.items() if "auto" in str(rule.get("overflow-x"))]
    assert scrolled == [".scroll"]
    assert '<div class="scroll" tabindex="0" role="region" aria-label="Faces">' in (
        server.get("/").text
    )


def luminance(colour: str) -> float:
    """Relative luminance of "#rgb", as WCAG counts it."""
    linear = [
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
        for level in (int(digit, 16) / 15 for digit in colour.removeprefix("#"))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#fff", "#222", "#000"])
def test_the_limits_stand_out(rules: dict[str, dict[str, str]], ground: str) -> None:
    dark, light = sorted(luminance(each) for each in (rules["#plot .limit"]["stroke"], ground))
    assert (light + 0.05) / (dark + 0.05) >= 3.0


def test_forced_colours_leave_the_key_to_the_curves(
    server: httpx.Client, rules: dict[str, dict[str, str]]
) -> None:
    assert rules[".swatch"]["forced-color-adjust"] == "none"
    assert "face.track" in "".join(
        re.findall(r"this\.text\((.*)\);", server.get("/web/timeline.js").text)
    )


def test_the_page_speaks_of_nothing_that_it_cannot_do(server: httpx.Client) -> None:
    words = re.findall(r'^  \w+: "(.+)",$', server.get("/web/words.js").text, re.MULTILINE)
    assert len(words) > 10
    assert not [each for each in words if "_" in each]


def test_files_chosen_before_the_script_came_are_taken(server: httpx.Client) -> None:
    assert server.get("/web/app.js").text.rstrip().endswith('\ngiven(at("file").files);')
