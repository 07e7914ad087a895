// What the codes of a report mean, in words for people.

const WARNINGS = {
  truncated: "The file ends early; it was analysed as far as it goes.",
  few_frames: "Only one or two frames were analysed: when the clip is manipulated is a guess.",
  tracks_left_out: "The clip holds further video tracks; only the first was analysed.",
  frames_shrunk: "The clip's frames grow; all were analysed at the size of its first.",
  faces_left_out: "There are more faces than were judged: the smallest (in a clip, the least present) were not.",
  frames_disagree: "The frames contradict one another too often for a verdict.",
  one_of_several: "Alone the face would be called manipulated; of several, one looks so by chance more often.",
  face_too_small: "The face is too small to be judged.",
  face_too_blurred: "The face is too blurred to be judged.",
  face_too_tight: "The picture is cut so close to the face that it cannot be judged.",
  face_covered: "A part of the face is hidden behind another one.",
  small_face: "small",
  blurred: "blurred",
  shaken: "blurred by motion",
  dark: "dark",
  overexposed: "overexposed",
  compressed: "heavily compressed",
  profile: "in profile",
  cut_off: "cut off",
  tight: "little around it",
  covered: "partly hidden",
};

export const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);

export const seconds = (value) =>
  value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)}:${String(Math.floor(value % 60)).padStart(2, "0")}`;

export const warning = (code) => WARNINGS[code] || code.replaceAll("_", " ");

export const verdict = (name) => (name === "no_face" ? "no face found" : name);

export const intervals = (list) =>
  list.map((one) => `${seconds(one.start_s)} – ${seconds(one.end_s)}`).join(", ") || "–";

export const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// Colours that stay apart from one another, one for each face.
export const colour = (track) => `hsl(${(track * 137.5 + 210) % 360} 65% var(--lightness))`;
