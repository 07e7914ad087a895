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

export class Viewer {
  // moved: called with the number of the analysed frame that is shown.
  constructor(moved) {
    this.moved = moved;
    this.urls = [];
    this.timer = null;
    at("seek").addEventListener("input", () => { this.pause(); this.go(at("seek").valueAsNumber); });
    at("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    for (const choice of document.getElementsByName("view")) {
      choice.addEventListener("change", () => this.arrange());
    }
    at("clip").addEventListener("timeupdate", () => this.follow());
    for (const shown of ["clip", "picture"]) {
      at(shown).addEventListener("error", () => { this.playable = false; this.arrange(); });
    }
  }

  show(report, file, frames) {
    this.rest();
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.report = report;
    this.playable = true;
    this.frames = frames;
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
    at("views").hidden = !this.marked;
    document.querySelector(`input[value=${this.marked ? "marked" : "original"}]`).checked = true;
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

  arrange() {
    const marked = this.marked && document.querySelector("input[name=view]:checked").value === "marked";
    const single = this.frames.length === this.report.timeline.length && this.frames.length > 1;
    at("frame").hidden = !(marked && single);
    at("marked").hidden = !marked || single;
    at("clip").hidden = marked || !this.video || !this.playable;
    at("picture").hidden = marked || this.video || !this.playable;
    at("unplayable").hidden = marked || this.playable;
    at("player").hidden = !(marked && single);
    if (marked) at("clip").pause();
    else this.pause();
  }

  go(number) {
    const point = this.report.timeline[number];
    this.number = number;
    at("seek").value = number;
    const shares = point.faces.map((face) => `face ${face.track} ${percent(face.fake_probability)}`);
    at("now").textContent = [seconds(point.time_s), ...shares].slice(0, 4).join(" · ");
    at("seek").setAttribute("aria-valuetext", at("now").textContent);
    const bitmap = this.frames[number];
    if (bitmap) {
      [at("frame").width, at("frame").height] = [bitmap.width, bitmap.height];
      at("frame").getContext("2d").drawImage(bitmap, 0, 0);
    }
    this.moved(number);
  }

  // A frame chosen from outside: the one shown, and where the clip stands.
  choose(number) {
    this.pause();
    this.go(number);
    if (this.video && at("clip").readyState) at("clip").currentTime = this.report.timeline[number].time_s;
  }

  follow() {
    if (at("clip").hidden || !this.report) return;
    const times = this.report.timeline.map((point) => Math.abs(point.time_s - at("clip").currentTime));
    this.moved(times.indexOf(Math.min(...times)));
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
