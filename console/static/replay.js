// One call: both sides drawn, the transcript follows, every word and every answer is a click away from being heard.
import { draw } from "/static/replay_wave.js";

const SILENT = 0.04; // of the loudest sound of the call, on both sides
const LEAST_SILENCE = 0.8, KEPT_SILENCE = 0.15; // seconds
const AROUND = 0.1; // heard before and after an answer, seconds
const SOON = 0.05; // seconds by which something is marked before it begins
const STEP = 3;
const PLACED = "[data-start], [data-seek]";

const player = document.getElementById("player");
const audio = document.getElementById("audio");
const skip = document.getElementById("skip"), clockFace = document.getElementById("clock");
const comment = document.getElementById("comment"), commentAt = document.getElementById("comment-at");
const seconds = (ms) => Number(ms) / 1000;
const clock = (at) => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}.${Math.floor((at * 10) % 10)}`;

// How many of the instants, which stand in order, are not after another one.
function upTo(instants, at) {
  let low = 0, high = instants.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (instants[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Elements in the order of their beginnings, of which one at most has a mark: what is marked already is not touched.
function follower(elements, mark) {
  const starts = Float64Array.from(elements, (element) => seconds(element.dataset.start ?? element.dataset.seek));
  let marked = null;
  return {
    elements,
    at: (now) => elements[upTo(starts, now + SOON) - 1] ?? null,
    mark(element) {
      if (element === marked) return false;
      marked?.classList.remove(mark);
      element?.classList.add(mark);
      marked = element;
      return true;
    },
  };
}

const lines = follower([...document.querySelectorAll("#transcript li[data-start]")], "now");
const clients = follower(lines.elements.filter((line) => line.classList.contains("client")));
const answers = follower([...document.querySelectorAll("#answers [data-seek]")]
  .sort((one, other) => Number(one.dataset.seek) - Number(other.dataset.seek)), "table-active");
let speaking = null; // the client's sentence that began last
let words = follower([], "now"); // of it

// A pause that comes before the sound has started rejects the promise of play(): nothing is wrong then.
const play = () => audio.play().catch(() => {});
let stopAt = null; // seconds: one answer was asked for, not what follows it
let loop = null; // the stretch that is heard over and over
let selected = null; // the stretch that was dragged open
let silences = Object.assign([], { starts: [] });

function hear(from, until = null) {
  if (!audio) return;
  stopAt = until;
  audio.currentTime = Math.max(0, from);
  play();
}

function hearElement(element) {
  const { start, end, seek, until } = element.dataset;
  if (seek !== undefined && until !== undefined) hear(seconds(seek) - AROUND, seconds(until) + AROUND);
  else hear(seconds(start ?? seek), null);
}

document.addEventListener("click", (event) => {
  const element = event.target.closest(PLACED), within = event.target.closest("a, summary, form, details");
  if (element && !(within && element.contains(within))) hearElement(element);
});
document.addEventListener("keydown", (event) => {
  const element = event.target;
  if (event.key === "Enter" && element.matches(PLACED) && !["BUTTON", "A"].includes(element.tagName)) hearElement(element);
});

// The page itself stays where the reader has put it. How high lines are that were never in sight is a guess until they
// come near: a long way is gone twice.
function bringUp(line) {
  const list = line.parentElement;
  const scroll = () => { list.scrollTop = line.offsetTop - list.offsetTop - list.clientHeight / 3; };
  scroll();
  requestAnimationFrame(() => requestAnimationFrame(() => { if (line.classList.contains("now")) scroll(); }));
}

function follow() {
  const now = audio.currentTime;
  if (stopAt !== null && now >= stopAt && !audio.paused) { stopAt = null; audio.pause(); }
  if (loop && now >= loop.end && !audio.paused) audio.currentTime = loop.start;
  const silence = skip.checked && !audio.paused && silences[upTo(silences.starts, now) - 1];
  if (silence && now > silence.start && now < silence.end) audio.currentTime = silence.end;
  const line = lines.at(now);
  if (lines.mark(line) && line) bringUp(line);
  if (clients.at(now) !== speaking) {
    speaking = clients.at(now);
    words.mark(null);
    words = follower([...(speaking?.querySelectorAll(".word") ?? [])], "now");
  }
  const word = words.at(now);
  words.mark(word && now < seconds(word.dataset.end) + AROUND ? word : null);
  answers.mark(answers.at(now));
  clockFace.value = `${clock(now)} / ${clock(seconds(player.dataset.lengthMs))}`;
  if (comment && document.activeElement !== comment.elements.words) noteWhere();
}

function noteWhere() {
  comment.elements.at_ms.value = Math.round(audio.currentTime * 1000);
  commentAt.value = clock(audio.currentTime);
}

function step(by) {
  const { elements } = answers;
  if (!elements.length) return;
  const here = elements.indexOf(answers.at(audio.currentTime + AROUND));
  const next = elements[Math.min(elements.length - 1, Math.max(0, here + by))];
  next.scrollIntoView({ block: "nearest" });
  hearElement(next);
}

function toggleLoop() {
  if (loop) loop = null;
  else {
    const line = lines.at(audio.currentTime);
    loop = selected ?? (line && { start: seconds(line.dataset.start), end: seconds(line.dataset.end) + AROUND });
    if (loop) hear(loop.start);
  }
  const button = document.getElementById("loop");
  button.setAttribute("aria-pressed", String(Boolean(loop)));
  button.classList.toggle("active", Boolean(loop));
}

function faster(by) {
  const speed = document.getElementById("speed");
  speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
  speed.dispatchEvent(new Event("change"));
}

function silencesOf(client, bot, stretch) {
  const quiet = SILENT * Math.max(0.02, ...[client, bot].map((side) => side.reduce((most, level) => Math.max(most, level), 0)));
  const found = [];
  let start = null;
  for (let i = 0; i <= client.length; i += 1) {
    const silent = i < client.length && client[i] < quiet && bot[i] < quiet;
    if (silent && start === null) start = i;
    if (!silent && start !== null) {
      if ((i - start) * stretch >= LEAST_SILENCE) found.push({ start: start * stretch + KEPT_SILENCE, end: i * stretch - KEPT_SILENCE });
      start = null;
    }
  }
  return Object.assign(found, { starts: found.map((one) => one.start) });
}

function press(key) {
  const line = lines.at(audio.currentTime);
  const acts = {
    " ": () => { stopAt = null; audio.paused ? play() : audio.pause(); },
    ArrowLeft: () => { audio.currentTime -= STEP; },
    ArrowRight: () => { audio.currentTime += STEP; },
    j: () => step(1),
    k: () => step(-1),
    r: () => line && hearElement(line),
    l: toggleLoop,
    s: () => document.getElementById("skip").click(),
    ",": () => faster(-1),
    ".": () => faster(1),
    c: () => { if (comment) { audio.pause(); noteWhere(); comment.elements.words.focus(); } },
    g: () => document.querySelector("#scoring select, #scoring input[type=radio]")?.focus(),
  };
  return (acts[key] ?? acts[key.toLowerCase()])?.();
}

const KEYS = [" ", "ArrowLeft", "ArrowRight", "j", "k", "r", "l", "s", ",", ".", "c", "g"];

if (audio) {
  const speed = document.getElementById("speed");
  speed.onchange = () => { audio.playbackRate = Number(speed.value); };
  document.getElementById("play").onclick = () => press(" ");
  document.getElementById("previous").onclick = () => step(-1);
  document.getElementById("next").onclick = () => step(1);
  document.getElementById("loop").onclick = toggleLoop;
  audio.onplay = audio.onpause = () => {
    document.getElementById("play").textContent = audio.paused ? "播放" : "暂停";
    const tick = () => { if (!audio.paused) { follow(); requestAnimationFrame(tick); } };
    tick();
  };
  audio.ontimeupdate = audio.onseeked = follow;
  const ready = () => {
    const place = location.hash.match(/^#t=(\d+)$/);
    if (place) audio.currentTime = seconds(place[1]);
  };
  // The browser may have read the recording's head before this script runs.
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) ready();
  else audio.onloadedmetadata = ready;
  document.addEventListener("keydown", (event) => { // before the window, where the keys of every page are
    if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input:not([type=checkbox], [type=range], [type=radio]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button, summary, [type=checkbox], [type=radio]")) return;
    if (event.target.closest("[type=radio], [type=range]") && event.key.startsWith("Arrow")) return;
    if (!KEYS.includes(event.key) && !KEYS.includes(event.key.toLowerCase())) return;
    event.preventDefault();
    press(event.key);
  });
  const drawn = await draw(player, audio, lines.elements, {
    seeks: () => { stopAt = null; },
    selects: (stretch) => { selected = stretch; loop = null; toggleLoop(); },
  }).catch(() => null);
  if (drawn) {
    silences = silencesOf(...drawn, seconds(player.dataset.stretchMs));
    player.dataset.drawn = "yes";
  } else document.getElementById("wave").textContent = "暂时不能显示波形，请稍后刷新页面；录音仍可收听。";
}

// Last, since it keeps the server from what is heard and seen first.
const again = document.getElementById("replayed");
if (again) {
  const answer = await fetch(again.dataset.src).catch(() => undefined);
  if (answer?.ok) again.innerHTML = await answer.text();
  else again.textContent = "暂时不能重放。";
}
