// P(fake) of each face over time, as SVG; a click chooses the nearest analysed frame.

import { colour, percent, seconds } from "./words.js";

const SPACE = "http://www.w3.org/2000/svg";
const LEFT = 44;
const RIGHT = 24;
const TOP = 10;
const BOTTOM = 24;

export class Timeline {
  constructor(svg, choose) {
    this.svg = svg;
    this.svg.addEventListener("click", (event) => {
      const at = event.clientX - svg.getBoundingClientRect().left;
      const gaps = this.report.timeline.map((point) => Math.abs(this.x(point.time_s) - at));
      choose(gaps.indexOf(Math.min(...gaps)));
    });
    new ResizeObserver(() => this.report && this.draw()).observe(svg);
  }

  show(report, thresholds) {
    this.report = report;
    this.thresholds = thresholds;
    this.chosen = 0;
    this.end = Math.max(report.media.duration_s, report.timeline.at(-1).time_s, 1e-6);
    this.draw();
  }

  // number: of an analysed frame; null hides the mark.
  mark(number) {
    this.chosen = number;
    this.here.setAttribute("visibility", number === null ? "hidden" : "visible");
    if (number === null) return;
    const at = this.x(this.report.timeline[number].time_s);
    for (const name of ["x1", "x2"]) this.here.setAttribute(name, at);
  }

  x(time) {
    return LEFT + ((this.width - LEFT - RIGHT) * time) / this.end;
  }

  y(share) {
    return TOP + (this.height - TOP - BOTTOM) * (1 - share);
  }

  draw() {
    this.width = this.svg.clientWidth || 900;
    this.height = this.svg.clientHeight || 190;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.replaceChildren();
    for (const face of this.report.faces) this.bands(face);
    for (const share of [0, 0.5, 1]) {
      this.line("grid", 0, this.end, share, share);
      this.text(LEFT - 6, this.y(share) + 4, `${100 * share} %`, "end");
    }
    for (const share of Object.values(this.thresholds)) this.line("limit", 0, this.end, share, share);
    for (let part = 0; part <= 4; part += 1) {
      const anchor = part === 0 ? "start" : part === 4 ? "end" : "middle";
      this.text(this.x((this.end * part) / 4), this.height - 6, seconds((this.end * part) / 4), anchor);
    }
    for (const face of this.report.faces) this.curve(face);
    this.here = this.line("here", 0, 0, 0, 1);
    this.mark(this.chosen);
  }

  bands(face) {
    for (const { start_s: start, end_s: end } of face.intervals) {
      this.add("rect", {
        x: this.x(start), y: TOP, width: this.x(end) - this.x(start),
        height: this.height - TOP - BOTTOM, fill: colour(face.track), "fill-opacity": 0.18,
      });
    }
  }

  curve(face) {
    let path = "";
    let before = -2;
    let last = null;
    this.report.timeline.forEach((point, number) => {
      const seen = point.faces.find((one) => one.track === face.track);
      if (!seen) return;
      const [x, y] = [this.x(point.time_s), this.y(seen.fake_probability)];
      path += `${number === before + 1 ? "L" : "M"}${x} ${y}`;
      before = number;
      last = [x, y];
      const dot = this.add("circle", { cx: x, cy: y, r: 3.5, fill: colour(face.track) });
      const title = document.createElementNS(SPACE, "title");
      title.textContent = `face ${face.track}, ${seconds(point.time_s)}: ${percent(seen.fake_probability)}`;
      dot.append(title);
    });
    this.add("path", { d: path, fill: "none", stroke: colour(face.track), "stroke-width": 2 });
    if (last) this.text(last[0] + 6, last[1] + 4, face.track, "start");
  }

  line(name, from, to, low, high) {
    return this.add("line", {
      class: name, x1: this.x(from), x2: this.x(to), y1: this.y(low), y2: this.y(high),
    });
  }

  text(x, y, words, anchor) {
    this.add("text", { x, y, "text-anchor": anchor }).textContent = words;
  }

  add(kind, attributes) {
    const element = document.createElementNS(SPACE, kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    this.svg.append(element);
    return element;
  }
}
