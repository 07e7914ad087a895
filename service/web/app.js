// One file in, its report on the page.

import { Timeline } from "./timeline.js";
import { Viewer, decoded } from "./viewer.js";
import { bytes, colour, intervals, percent, seconds, verdict, warning } from "./words.js";

const at = (id) => document.getElementById(id);
const viewer = new Viewer((number) => at("timeline").hidden || timeline.mark(number));
const timeline = new Timeline(at("plot"), (number) => viewer.choose(number));
let running = null;
let links = [];
// Files that wait for a key.
let refused = [];

async function analyze(files) {
  const [file] = files;
  const name = files.length > 1 ? `${file.name} (the first of ${files.length} files)` : file.name;
  if (running) running.abort();
  const own = new AbortController();
  running = own;
  refused = [];
  at("result").hidden = true;
  viewer.rest();
  at("status").textContent = "";
  const begun = performance.now();
  const tell = () => { at("clock").textContent = `${Math.round((performance.now() - begun) / 1000)} s`; };
  tell();
  at("busy").hidden = false;
  // Apart from the seconds: a screen reader says it once.
  at("doing").textContent = `Analysing ${name} …`;
  reveal("busy");
  const clock = setInterval(tell, 1000);
  try {
    const report = await ask(file, own.signal);
    const moves = report.media.kind === "video";
    const [limits, frames] = moves ? await Promise.all([thresholds(own.signal), decoded(report)]) : [{}, []];
    own.signal.throwIfAborted();
    // At once, with nothing to wait for: a later file's report can never be mixed with this one.
    show(report, file, name, limits, frames);
  } catch (error) {
    if (own.signal.aborted) return; // whatever it says: another run has the page now, or none
    fail(error, files);
  } finally {
    clearInterval(clock);
    if (running === own) {
      running = null;
      if (at("busy").contains(document.activeElement)) at("file").focus();
      at("busy").hidden = true;
      at("file").value = "";
    }
  }
}

async function ask(file, signal) {
  const key = at("key").value;
  if (!/^[\x20-\x7e]*$/.test(key)) {
    throw new Error("The API key has characters that no key can have.", { cause: "key" });
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error(`${file.name} cannot be read. Is it a folder?`);
  }
  const form = new FormData();
  form.append("file", file);
  const headers = key ? { "X-API-Key": key } : {};
  let response;
  try {
    response = await fetch("analyze?mask=clip", { method: "POST", body: form, headers, signal });
  } catch {
    throw new Error("The service cannot be reached, or it ended the connection. Is the file too large?");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body?.verdict) return body;
  if (!body?.code) throw new Error(`The service answered with status ${response.status} and no report.`);
  const again = response.headers.get("Retry-After");
  throw new Error(
    `${body.title}. ${body.detail === body.title ? "" : body.detail} ` +
    (again ? `Try again in ${again} s. ` : "") + `(${body.code})`,
    body.code === "unauthorized" ? { cause: "key" } : {});
}

function show(report, file, name, limits, frames) {
  const still = report.media.kind === "image";
  at("result").className = still ? "still" : "";
  at("banner").className = report.verdict;
  at("verdict").textContent = verdict(report.verdict);
  at("probability").textContent =
    report.fake_probability === null ? "" : `P(fake) ${percent(report.fake_probability)}`;
  at("method").textContent = report.method.name === "none" || !report.faces.length ? "" :
    `Method: ${report.method.name}, with ${report.method.confidence} confidence`;
  at("warnings").replaceChildren(...report.warnings.map((code) => element("li", warning(code))));
  at("faces").replaceChildren(...report.faces.map((face) => row(face, still)));
  document.querySelector(".scroll").hidden = !report.faces.length;
  at("facts").textContent =
    `${name}, ${report.media.width} × ${report.media.height}` +
    (still ? "" : `, ${seconds(report.media.duration_s)}, ${report.media.frames_analyzed} of ` +
      `${report.media.frames_total} frames analysed`) +
    `, ${report.model.name} ${report.model.version} on ${report.model.device}, ` +
    `${Math.round(report.timing_ms.total)} ms`;
  const short = (name, value) =>
    ["png", "data"].includes(name) && value ? `${value.slice(0, 24)}…` : value;
  at("json").textContent = JSON.stringify(report, short, 2);
  downloads(report, file);
  at("timeline").hidden = still || !report.faces.length || report.timeline.length < 2;
  at("result").hidden = false;
  if (!at("timeline").hidden) timeline.show(report, limits);
  viewer.show(report, file, frames);
  at("result").focus({ preventScroll: true });
  reveal("banner");
}

function fail(error, files) {
  at("status").textContent = error.message;
  reveal("status");
  if (error.cause !== "key") return;
  refused = files;
  at("status").append(" With the key, Enter sends the file again.");
  at("access").open = true;
  at("key").focus();
}

async function thresholds(signal) {
  try {
    const { thresholds: limits } = await (await fetch("model", { signal })).json();
    return { manipulated: limits.manipulated, authentic: limits.authentic };
  } catch {
    return {};
  }
}

function row(face, still) {
  const line = document.createElement("tr");
  const notes = new Set([...face.quality.warnings, ...face.warnings].map(warning));
  const seen = still ? "" : `${seconds(face.first_s)} – ${seconds(face.last_s)}`;
  const method = face.method.name === "none" ? "–" : face.method.name;
  const cells = [
    face.track, face.verdict, percent(face.fake_probability), method, percent(face.area_fraction),
    intervals(face.intervals), seen, `${face.quality.width_px} px`, [...notes].join(", "),
  ];
  for (const text of cells) line.insertCell().textContent = text;
  line.cells[1].className = face.verdict;
  line.cells[5].className = line.cells[6].className = "moving";
  if (!still) {
    const swatch = element("span", "");
    swatch.className = "swatch";
    swatch.style.background = colour(face.track);
    line.cells[0].prepend(swatch);
  }
  return line;
}

function downloads(report, file) {
  for (const url of links) URL.revokeObjectURL(url);
  links = [];
  const stem = file.name.replace(/\.[^.]*$/, "") || "report";
  const offers = [["Report (JSON)", "json", "application/json", JSON.stringify(report)]];
  if (report.mask) offers.unshift(["Mask (PNG)", "mask.png", "image/png", bytes(report.mask.png)]);
  if (report.overlay) {
    offers.unshift(["Overlay (WebP)", "overlay.webp", report.overlay.media_type, bytes(report.overlay.data)]);
  }
  at("downloads").replaceChildren("Download: ", ...offers.map(([name, ending, type, content]) => {
    const link = element("a", name);
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = `${stem}.${ending}`;
    links.push(link.href);
    return link;
  }));
}

function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

const reveal = (id) => at(id).scrollIntoView({ block: "nearest" });

// As a list of its own: the field is emptied when its file has been analysed.
const given = (files) => files.length && analyze([...files]);
at("file").addEventListener("change", () => given(at("file").files));
at("cancel").addEventListener("click", () => {
  if (running) running.abort();
  at("file").focus();
});
at("key").addEventListener("keydown", (event) => event.key === "Enter" && given(refused));
const brings = (event) => event.dataTransfer?.types.includes("Files");
for (const name of ["dragover", "drop"]) {
  // A file dropped beside the field would otherwise replace the page.
  document.addEventListener(name, (event) => brings(event) && event.preventDefault());
}
document.addEventListener("dragenter", (event) => brings(event) && at("drop").classList.add("over"));
document.addEventListener("dragleave", (event) => event.relatedTarget || at("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  at("drop").classList.remove("over");
  given(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  given(event.clipboardData.files);
});
// Chosen before this script was there.
given(at("file").files);
