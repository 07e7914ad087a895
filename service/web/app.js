"use strict";

const at = (id) => document.getElementById(id);
const COLOURS = { manipulated: "#d33", inconclusive: "#c80", authentic: "#2a7" };
const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);
let report = null;
let maskPicture = null;
let url = null;

function say(text, failed = false) {
  at("status").textContent = text;
  at("status").className = failed ? "error" : "";
}

async function analyze(file) {
  at("result").hidden = true;
  say(`Analysing ${file.name} …`);
  const form = new FormData();
  form.append("file", file);
  const key = at("key").value;
  try {
    const response = await fetch("/analyze", {
      method: "POST",
      body: form,
      headers: key ? { "X-API-Key": key } : {},
    });
    const body = await response.json();
    if (!response.ok) {
      say(`${body.title}: ${body.detail} (${body.code})`, true);
      return;
    }
    say("");
    await show(body, file);
  } catch (error) {
    say(`The service cannot be reached: ${error.message}`, true);
  }
}

async function show(body, file) {
  report = body;
  maskPicture = null;
  if (body.mask && body.mask.png) {
    maskPicture = new Image();
    maskPicture.src = `data:image/png;base64,${body.mask.png}`;
    await maskPicture.decode();
  }
  at("verdict").textContent = body.verdict.replace("_", " ");
  at("verdict").className = body.verdict;
  at("probability").textContent =
    body.fake_probability === null ? "" : `P(fake) ${percent(body.fake_probability)}`;
  at("method").textContent =
    body.method.name === "none" ? "" : `Method: ${body.method.name} (${body.method.confidence} confidence)`;
  at("faces").replaceChildren(...body.faces.map(row));
  at("facts").textContent =
    `${body.media.width} × ${body.media.height}, ${body.media.frames_analyzed} of ` +
    `${body.media.frames_total} frames, ${body.model.name} ${body.model.version} on ` +
    `${body.model.device}, ${Math.round(body.timing_ms.total)} ms` +
    (body.warnings.length ? `, warnings: ${body.warnings.join(", ")}` : "");
  at("json").textContent = JSON.stringify(
    body, (name, value) => (name === "png" && value ? `${value.slice(0, 24)}…` : value), 2);
  at("result").hidden = false;
  if (url) URL.revokeObjectURL(url);
  url = URL.createObjectURL(file);
  const moving = file.type.startsWith("video/");
  at("picture").hidden = moving;
  at("clip").hidden = !moving;
  if (moving) {
    const worst = body.mask && body.timeline.find((point) => point.frame_index === body.mask.frame_index);
    at("clip").onloadedmetadata = () => { at("clip").currentTime = worst ? worst.time_s : 0; };
    at("clip").src = url;
  } else {
    at("picture").src = url;
  }
  draw();
  plot();
}

function row(face) {
  const line = document.createElement("tr");
  const cells = [
    face.track, face.verdict, percent(face.fake_probability), face.method.name,
    percent(face.area_fraction), `${face.quality.width_px} px`, face.quality.warnings.join(", "),
  ];
  for (const text of cells) line.insertCell().textContent = text;
  line.cells[1].className = face.verdict;
  return line;
}

function draw() {
  const canvas = at("overlay");
  canvas.width = report.media.width;
  canvas.height = report.media.height;
  const pen = canvas.getContext("2d");
  if (!at("show").checked || !report.mask) return;
  if (maskPicture) {
    pen.drawImage(maskPicture, 0, 0);
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
    const data = pixels.data;
    for (let i = 0; i < data.length; i += 4) {
      data[i + 3] = data[i] > 127 ? 115 : 0;
      data[i] = 221;
      data[i + 1] = data[i + 2] = 51;
    }
    pen.putImageData(pixels, 0, 0);
  }
  pen.lineWidth = Math.max(2, canvas.width / 400);
  pen.font = `${Math.max(14, canvas.width / 50)}px system-ui, sans-serif`;
  for (const face of report.faces) {
    if (face.mask.frame_index !== report.mask.frame_index) continue;
    pen.strokeStyle = pen.fillStyle = COLOURS[face.verdict];
    pen.strokeRect(face.box.x, face.box.y, face.box.width, face.box.height);
    pen.fillText(`${face.track}: ${percent(face.fake_probability)}`, face.box.x, face.box.y - 4);
  }
}

function plot() {
  const points = report.timeline;
  at("timeline").hidden = points.length < 2;
  if (points.length < 2) return;
  const canvas = at("plot");
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const end = Math.max(points[points.length - 1].time_s, 1e-6);
  const x = (seconds) => 10 + ((canvas.width - 20) * seconds) / end;
  const y = (share) => canvas.height - 10 - (canvas.height - 20) * share;
  pen.strokeStyle = "#8886";
  for (const share of [0, 0.5, 1]) {
    pen.beginPath();
    pen.moveTo(x(0), y(share));
    pen.lineTo(x(end), y(share));
    pen.stroke();
  }
  for (const face of report.faces) {
    pen.strokeStyle = pen.fillStyle = `hsl(${(face.track * 67) % 360} 70% 50%)`;
    pen.lineWidth = 2;
    pen.beginPath();
    for (const point of points) {
      const seen = point.faces.find((one) => one.track === face.track);
      if (!seen) continue;
      pen.lineTo(x(point.time_s), y(seen.fake_probability));
      pen.fillRect(x(point.time_s) - 2, y(seen.fake_probability) - 2, 5, 5);
    }
    pen.stroke();
  }
}

at("file").addEventListener("change", () => at("file").files[0] && analyze(at("file").files[0]));
at("show").addEventListener("change", () => report && draw());
for (const name of ["dragenter", "dragover"]) {
  at("drop").addEventListener(name, (event) => { event.preventDefault(); at("drop").classList.add("over"); });
}
at("drop").addEventListener("dragleave", () => at("drop").classList.remove("over"));
at("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  if (event.dataTransfer.files[0]) analyze(event.dataTransfer.files[0]);
});
