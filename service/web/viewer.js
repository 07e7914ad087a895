// The analysed frames with their marks, one by one, or the file as it is.

import { bytes, percent, seconds } from "./words.js";

const at = (id) => document.getElementById(id);

const CLIPS = ["mp4", "mov", "webm", "mkv", "avi"];

// The frames of a report's overlay. Not every browser gives single ones of an animation: without
// any, it is played as a picture.
export async function decoded(report) {
  const frames = [];
  if (!report.overlay || !("ImageDecoder" in window)) return frames;
  try {
    const { overlay } = report;
    const decoder = new ImageDecoder({ data: bytes(overlay.data), type: overlay.media_type });
    await decoder.tracks.ready;
    for (let number = 0; number < decoder.tracks.selectedTrack.frameCount; number += 1) {
      const { image } = await decoder.decode({ frameIndex: number });
      frames.push(await createImageBitmap(image));
      image.close();
    }
    decoder.close();
    return frames;
  } catch {
    return [];
  }
}

// The number of the analysed frame that is on screen at a time of the clip, or the nearest to that.
// Of two the later: a clip that is sent to where a frame begins is where the one before it ends, or,
// as browsers round, a little earlier.
export function onScreen(timeline, time) {
  const steps = timeline.slice(1).map((point, before) => point.time_s - timeline[before].time_s);
  const rounding = Math.min(0.001, ...steps.filter((step) => step > 0).map((step) => step / 2));
  const gaps = timeline.map((point) => Math.max(point.time_s - time, time - point.until_s, rounding));
  return gaps.lastIndexOf(Math.min(...gaps));
}

export class Viewer {
  // moved: called with the number of the analysed frame that is shown, or null where none can be
  // told: an animated picture plays by itself.
  constructor(moved) {
    this.moved = moved;
    this.urls = [];
    this.timer = null;
    at("seek").addEventListener("input", () => this.choose(at("seek").valueAsNumber));
    at("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    for (const choice of document.getElementsByName("view")) {
      choice.addEventListener("change", () => { this.arrange(); this.choose(this.number); });
    }
    at("clip").addEventListener("loadedmetadata", () => this.seek());
    at("clip").addEventListener("timeupdate", () => this.follow());
    for (const shown of ["clip", "picture"]) {
      at(shown).addEventListener("error", () => { this.playable = false; this.arrange(); });
    }
  }

  show(report, file, frames) {
    this.rest();
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
    this.report = report;
    this.playable = true;
    this.frames = frames;
    this.moves = report.timeline.length > 1;
    this.single = this.moves && frames.length === report.timeline.length;
    // By its format: a clip of a single frame is a picture to the report, but to no browser.
    this.video = CLIPS.includes(report.media.format);
    this.file = this.url(file);
    for (const shown of ["clip", "picture"]) at(shown).removeAttribute("src");
    at("clip").load(); // else it would go on with what it had
    at(this.video ? "clip" : "picture").src = this.file;
    this.marked = null;
    if (report.overlay) {
      const data = bytes(report.overlay.data);
      this.marked = this.url(new Blob([data], { type: report.overlay.media_type }));
      at("marked").src = this.marked;
    }
    this.name();
    at("views").hidden = !this.marked;
    // Whoever wants nothing to move gets the clip, which rests, before an overlay that plays.
    const plays = this.video && this.moves && !this.single;
    const still = plays && matchMedia("(prefers-reduced-motion: reduce)").matches;
    const first = this.marked && !still ? "marked" : "original";
    document.querySelector(`input[value=${first}]`).checked = true;
    at("seek").max = Math.max(report.timeline.length - 1, 0);
    this.arrange();
    const worst = report.mask ? report.mask.frame_index : 0;
    this.go(Math.max(report.timeline.findIndex((point) => point.frame_index === worst), 0));
  }

  url(content) {
    const url = URL.createObjectURL(content);
    this.urls.push(url);
    return url;
  }

  // What the overlay shows, for those who do not see it.
  name() {
    const what = this.moves ? "the analysed frames" : "the picture";
    const region = this.report.mask?.area_fraction > 0 ? "the manipulated region and " : "";
    at("marked").alt = `${what} with ${region}the faces marked`;
    at("frame").setAttribute("aria-label", at("marked").alt);
  }

  arrange() {
    const marked = this.marked && document.querySelector("input[name=view]:checked").value === "marked";
    this.loose = this.moves && (marked ? !this.single : !this.video);
    at("frame").hidden = !(marked && this.single);
    at("marked").hidden = !marked || this.single;
    at("clip").hidden = marked || !this.video || !this.playable;
    at("picture").hidden = marked || this.video || !this.playable;
    at("unplayable").hidden = marked || this.playable;
    at("player").hidden = !(marked && this.single);
    if (marked) at("clip").pause();
    else this.pause();
  }

  go(number) {
    const point = this.report.timeline[number];
    this.number = number;
    at("seek").value = number;
    const faces = [...point.faces].sort((a, b) => b.fake_probability - a.fake_probability);
    const worst = faces.slice(0, 3);
    const words = worst.map((face) => `face ${face.track} ${percent(face.fake_probability)}`);
    if (faces.length > 3) words.push(`and ${faces.length - 3} more`);
    at("now").textContent = [seconds(point.time_s), ...words].join(" · ");
    at("seek").setAttribute("aria-valuetext", at("now").textContent);
    const bitmap = this.frames[number];
    if (bitmap) {
      [at("frame").width, at("frame").height] = [bitmap.width, bitmap.height];
      at("frame").getContext("2d").drawImage(bitmap, 0, 0);
    }
    this.moved(this.loose ? null : number);
  }

  // A frame chosen by somebody: the one shown, and where the clip stands.
  choose(number) {
    this.pause();
    this.go(number);
    this.seek();
  }

  seek() {
    const { time_s: time } = this.report.timeline[this.number];
    if (this.video && at("clip").readyState) at("clip").currentTime = time;
  }

  follow() {
    if (at("clip").hidden || !at("clip").readyState) return;
    this.go(onScreen(this.report.timeline, at("clip").currentTime));
  }

  play() {
    at("play").textContent = "Pause";
    const step = () => {
      this.go((this.number + 1) % this.frames.length);
      const { timeline } = this.report;
      const next = timeline[this.number + 1] || timeline[this.number];
      const gap = 1000 * (next.time_s - timeline[this.number].time_s);
      this.timer = setTimeout(step, Math.min(Math.max(gap, 100), 500));
    };
    this.timer = setTimeout(step, 100);
  }

  // Nothing moves or sounds any more.
  rest() {
    this.pause();
    at("clip").pause();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    at("play").textContent = "Play";
  }
}
