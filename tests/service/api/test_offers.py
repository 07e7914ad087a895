"""The header `Upgrade` is renamed, and nothing else changed, wherever the pieces are cut."""

import time

import pytest

from service.api.offers import BEFORE_BYTES, Offers

HEAD = (
    b"POST / HTTP/1.1\r\nHost: x\r\nUPGRADE : h2c\r\nX-Upgrade: a\r\nUpgrades: b\r\nupgrade:c\r\n"
    b"\r\n"
)
RENAMED = HEAD.replace(b"UPGRADE :", b"X-UPGRADE :").replace(b"\nupgrade:", b"\nX-upgrade:")
BODY = b"\r\nUpgrade: this is no header\r\n\r\n"


def test_the_header_is_renamed_and_the_body_left_alone() -> None:
    assert Offers().passed_over(HEAD + BODY) == RENAMED + BODY


@pytest.mark.parametrize("cut", range(len(HEAD)))
def test_in_two_pieces(cut: int) -> None:
    offers = Offers()
    pieces = [offers.passed_over(HEAD[:cut]), offers.passed_over(HEAD[cut:] + BODY)]
    assert b"".join(pieces) == RENAMED + BODY
    assert cut - len(pieces[0]) <= len(b"\nUpgrade ") or b"X-U" in pieces[0], "little is kept"


def test_byte_by_byte() -> None:
    offers = Offers()
    assert b"".join(offers.passed_over(bytes([byte])) for byte in HEAD) == RENAMED


@pytest.mark.parametrize("kept", range(1, 5))
def test_a_head_whose_beginning_did_not_come_by_ends_with_its_last_byte(kept: int) -> None:
    """In one piece, or byte by byte: nothing is held back once the head is whole."""
    seen, rest = HEAD[:-kept], HEAD[-kept:]
    assert Offers().passed_over(rest + BODY, seen[-BEFORE_BYTES:]) == rest + BODY
    offers, passed = Offers(), b""
    for byte in rest:
        passed += offers.passed_over(bytes([byte]), seen[-BEFORE_BYTES:])
        seen += bytes([byte])
    assert passed == rest


def test_spaces_without_end_are_not_kept() -> None:
    offers = Offers()
    sent = b"GET / HTTP/1.1\r\nUpgrade" + b" " * 100_000
    assert len(offers.passed_over(sent)) == len(sent)


def test_many_offers_take_no_longer_than_they_are_long() -> None:
    many = b"GET / HTTP/1.1" + b"\nUpgrade:" * 30_000
    begun = time.perf_counter()
    renamed = Offers().passed_over(many)
    assert time.perf_counter() - begun < 0.5
    assert renamed.count(b"\nX-Upgrade:") == 30_000
