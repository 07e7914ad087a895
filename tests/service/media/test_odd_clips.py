"""Clips with gaps, long stills, other tracks and other clocks show the frames they show."""

import io
import struct
import time

import av
import pytest
from av.stream import Disposition

from service.errors import MediaTooLargeError
from service.media.boxes import boxes
from service.media.clips import Clip
from service.media.limits import MediaLimits
from tests.media_files import encode
from tests.service.media.odd_clips import (
    BITS,
    HEIGHT,
    STRIPE,
    animated_png,
    asked_for,
    key_frames,
    make,
    number_of,
    numbered,
    read,
    shows_what_viewers_see,
    with_media_zeroed_from,
    zeroed_from,
)

CLUSTER, SEGMENT = bytes.fromhex("1f43b675"), bytes.fromhex("18538067")
STEADY = [40 * i for i in range(150)]
# By average rate a jump lands elsewhere than by time: before gaps, within them, behind them.
UNEVEN = {
    "gap": [40 * i for i in range(375)] + [400_000 + 40 * i for i in range(375)],
    "slow, then fast": [1000 * i for i in range(200)] + [200_000 + 40 * i for i in range(700)],
    "fast, then slow": [20 * i for i in range(700)] + [14_000 + 1000 * i for i in range(200)],
}


@pytest.mark.parametrize("keyframe_every", [12, 250])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize("pattern", UNEVEN)
def test_the_frames_asked_for_are_found_wherever_jumps_lead(
    pattern: str, container: str, keyframe_every: int
) -> None:
    times = UNEVEN[pattern]
    data = make(times, container, keyframe_every=keyframe_every)
    # This one states too short a length for what it stores: what is decoded tells when its frames
    # are shown, but not which of them are key frames.
    understated = (pattern, container) == ("slow, then fast", "mp4")
    keys = [] if understated else key_frames(data)
    begun = time.monotonic()
    for count in (3, 16, 64):
        clip, numbers = read(data, count)
        assert shows_what_viewers_see(numbers, times, clip.duration_s, count, keys)
        assert numbers == asked_for(times, clip.duration_s, count, keys)
        assert len(numbers) == count
        assert (clip.frames_total, clip.truncated) == (len(times), False)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("container", ["matroska", "webm"])
def test_slides_far_apart_are_all_read(container: str) -> None:
    times = [40_000 * i for i in range(10)]
    data = make(times, container, last_ms=40_000)
    clip, numbers = read(data, 4)
    assert numbers == [1, 3, 6, 8]
    assert clip.duration_s == pytest.approx(400, abs=1)
    assert read(data, 16)[1] == list(range(10))


@pytest.mark.parametrize("container", ["matroska", "webm"])
@pytest.mark.parametrize("sound_s", [8, 100])
def test_sound_that_goes_on_takes_no_moments(container: str, sound_s: float) -> None:
    data = make(STEADY, container, sound_s=sound_s)
    clip, numbers = read(data, 16)
    # The last frame may be on screen until the sound ends, so it is always among them.
    assert shows_what_viewers_see(numbers, STEADY, 6, 16, key_frames(data))
    assert numbers == [*asked_for(STEADY, 6, 16, key_frames(data))[:-1], 149]
    assert (clip.frames_total, clip.truncated) == (150, False)
    assert clip.duration_s == pytest.approx(6)


def test_frames_behind_a_long_stretch_of_sound_only_are_read() -> None:
    times = [40 * i for i in range(50)] + [120_000 + 40 * i for i in range(50)]
    data = make(times, "matroska", sound_s=122)
    clip, numbers = read(data, 64)
    assert clip.frames_total == 100
    assert shows_what_viewers_see(numbers, times, clip.duration_s, 64, key_frames(data))
    assert numbers == asked_for(times, clip.duration_s, 64, key_frames(data))
    assert len(numbers) == 64


@pytest.mark.parametrize("container", ["matroska", "webm", "mp4"])
@pytest.mark.parametrize("start_ms", [60_000, 1_000_000])
def test_time_begins_with_the_first_frame(container: str, start_ms: int) -> None:
    data = make([start_ms + each for each in STEADY], container)
    clip, numbers = read(data, 16)
    assert len(numbers) == 16
    assert shows_what_viewers_see(numbers, STEADY, 6, 16, key_frames(data))
    assert numbers[:15] == asked_for(STEADY, 6, 16, key_frames(data))[:15]
    assert (clip.frames_total, clip.truncated) == (150, False)
    assert clip.duration_s == pytest.approx(6)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_frame_that_stays_is_the_one_that_is_seen(container: str) -> None:
    times = [40 * i for i in range(125)] + [5000] + [75_000 + 40 * i for i in range(125)]
    _, numbers = read(make(times, container), 16)
    assert 125 in numbers
    assert numbers[0] < 125 < numbers[-1]


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "webm"])
def test_the_last_frame_lasts_until_the_end(container: str) -> None:
    times = [40 * i for i in range(250)]
    data = make(times, container, last_ms=5000)
    clip, numbers = read(data, 16)
    assert not clip.truncated
    assert clip.duration_s == pytest.approx(14.96, abs=0.05)
    assert shows_what_viewers_see(numbers, times, clip.duration_s, 16, key_frames(data))
    assert numbers == asked_for(times, clip.duration_s, 16, key_frames(data))
    assert (len(numbers), numbers[-1]) == (16, 249)


def test_frames_whose_packets_do_not_say_when_they_are_decoded_are_all_counted() -> None:
    times = [1000 * i for i in range(24)]
    data = make(times, "matroska", last_ms=1000, rate=1, options={"preset": "ultrafast"})
    with av.open(io.BytesIO(data), "r") as source:
        assert next(source.demux(video=0)).dts is None
    clip, numbers = read(data, 100)
    assert numbers == [*range(24)]
    assert (clip.frames_total, clip.truncated) == (24, False)
    assert clip.duration_s == pytest.approx(24)
    clip = Clip("mkv", data, MediaLimits())
    assert [frame.time_s for frame in clip.frames(4)] == pytest.approx([3, 9, 15, 21])


def test_where_the_last_block_is_not_seen_none_says_how_long_the_last_frame_stays() -> None:
    """As live recorders write it: the last cluster is of unknown size, as is all of the file."""
    times = [40 * i for i in range(300)]
    data = make(times, "matroska")
    assert data.count(CLUSTER) > 1
    at = data.rindex(CLUSTER) + len(CLUSTER)
    width = 9 - data[at].bit_length()
    size = int.from_bytes(data[at : at + width], "big") - (1 << 7 * width)
    start = data.index(SEGMENT) + len(SEGMENT)
    live = data[:start] + b"\x01" + b"\xff" * 7 + data[start + 8 : at]
    live += ((2 << 7 * width) - 1).to_bytes(width, "big") + data[at + width : at + width + size]
    clip, numbers = read(live, 16)
    assert clip.duration_s == pytest.approx(12)
    assert numbers == read(data, 16)[1]


@pytest.mark.parametrize("last_ms", [20_000, 20])
def test_the_last_frame_of_an_animated_png_lasts_as_long_as_it_says(last_ms: int) -> None:
    pictures = [numbered(number) for number in range(5)]
    durations = [100, 100, 100, 3000, last_ms]
    clip, _ = read(animated_png(pictures, durations, hidden=False), 16)
    assert clip.duration_s == pytest.approx(sum(durations) / 1000)
    frames = list(
        Clip("png", animated_png(pictures, durations, hidden=False), MediaLimits()).frames(99)
    )
    assert frames[-1].until_s - frames[-1].time_s == pytest.approx(last_ms / 1000)


@pytest.mark.parametrize("sound_s", [0, 6])
def test_a_file_that_was_never_received_whole_is_truncated(sound_s: float) -> None:
    clip, numbers = read(zeroed_from(make(STEADY, "matroska", sound_s=sound_s), 0.5), 16)
    assert clip.truncated
    assert 10 < clip.frames_total < 140
    assert len(numbers) > 8


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_frames_that_cannot_be_decoded_end_a_clip(share: float) -> None:
    clip, numbers = read(with_media_zeroed_from(make(STEADY), share), 4)
    assert clip.truncated
    assert numbers
    assert numbers[-1] < clip.frames_total < 120
    assert clip.duration_s == pytest.approx(clip.frames_total * 0.04, abs=0.05)


@pytest.mark.parametrize(
    ("limits", "limit"),
    [(MediaLimits(max_duration_s=5), "duration"), (MediaLimits(max_frames_total=149), "frames")],
)
def test_limits_are_of_the_video_itself(limits: MediaLimits, limit: str) -> None:
    for data in (make(STEADY, "matroska", sound_s=8), make([9000 + each for each in STEADY])):
        with pytest.raises(MediaTooLargeError) as caught:
            Clip("mkv" if data[0] == 0x1A else "mp4", data, limits)
        assert caught.value.limit == limit
    generous = MediaLimits(max_duration_s=6.5, max_frames_total=150)
    assert Clip("mkv", make(STEADY, "matroska", sound_s=8), generous).frames_total == 150


@pytest.mark.parametrize("count", [8, 16, 64])
def test_frames_of_avi_are_numbered_rightly_where_they_are_stored_out_of_order(count: int) -> None:
    """As H.264 with frames predicted from both sides is."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as output:
        track = output.add_stream("libx264", rate=25, options={"bf": "3", "crf": "10"})
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = BITS * STRIPE, HEIGHT, "yuv420p"
        for number in range(120):
            output.mux(track.encode(av.VideoFrame.from_ndarray(numbered(number), format="rgb24")))
        output.mux(track.encode(None))
    clip = Clip("avi", buffer.getvalue(), MediaLimits())
    frames = list(clip.frames(count))
    assert len(frames) == count
    assert [number_of(frame.pixels) for frame in frames] == [frame.index for frame in frames]


def test_a_cover_before_the_video_is_not_taken_for_it() -> None:
    """As a player of music writes it, but before the tracks."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + kind + content

    data = make([40 * i for i in range(20)])
    cover = box(b"covr", box(b"data", struct.pack(">II", 13, 0) + encode(numbered(0))))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    tags = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", cover)))
    # The movie's box comes last: nothing that it points to moves.
    (movie,) = (each for each in boxes(data) if each.kind == b"moov")
    header = next(boxes(data, movie.start, movie.end))
    content = data[movie.start : header.end] + tags + data[header.end : movie.end]
    covered = data[: movie.start - 8] + box(b"moov", content)
    with av.open(io.BytesIO(covered), "r") as stored:
        first, second = (each.disposition & Disposition.attached_pic for each in stored.streams)
    assert first
    assert not second
    read = Clip("mp4", covered, MediaLimits())
    assert not read.others
    frames = list(read.frames(16))
    assert [number_of(frame.pixels) for frame in frames] == [frame.index for frame in frames]


def test_where_nothing_is_left_of_the_moment_asked_for_what_lies_before_it_is_looked_at() -> None:
    data = with_media_zeroed_from(make(STEADY), 0.2)
    clip, numbers = read(data, 1)
    assert clip.truncated
    assert 5 < clip.frames_total < 40
    assert numbers == [(clip.frames_total - 1) // 2]
