// One call: both sides drawn, the transcript follows, every word and every answer is a click away from being heard.
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";
import Regions from "/static/vendor/wavesurfer-regions.esm.js";
import Timeline from "/static/vendor/wavesurfer-timeline.esm.js";

const SILENT = 0.04; // of the loudest sound of the call, on both sides
const LEAST_SILENCE = 0.8, KEPT_SILENCE = 0.15; // seconds
const AROUND = 0.1; // heard before and after an answer, seconds
const STEP = 3;
const HEIGHT = 52; // of one side, pixels

const player = document.getElementById("player");
const audio = document.getElementById("audio");
const lines = [...document.querySelectorAll("#transcript li[data-start]")];
const words = [...document.querySelectorAll("#transcript .word")];
const answers = [...document.querySelectorAll("#answers [data-seek]")]
  .sort((one, other) => Number(one.dataset.seek) - Number(other.dataset.seek));
const seconds = (ms) => Number(ms) / 1000;
const clock = (at) => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}.${Math.floor((at * 10) % 10)}`;
const colour = (name, alpha = 1) => {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#066fd1";
  return `color-mix(in srgb, ${value} ${100 * alpha}%, transparent)`;
};

// A pause that comes before the sound has started rejects the promise of play(): nothing is wrong then.
const play = () => audio.play().catch(() => {});
let stopAt = null; // seconds: one answer was asked for, not what follows it
let loop = null; // the stretch that is heard over and over
let selected = null; // the stretch that was dragged open
let silences = [];

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

function bind(root) {
  for (const element of root.querySelectorAll("[data-start], [data-seek]")) {
    element.onclick = (event) => {
      if (event.target.closest("a, summary, form, details")) return;
      event.stopPropagation();
      hearElement(element);
    };
    if (!["BUTTON", "A"].includes(element.tagName)) {
      element.onkeydown = (event) => { if (event.key === "Enter" && event.target === element) hearElement(element); };
    }
  }
}

function current(elements, now) {
  let found = null;
  for (const element of elements) if (seconds(element.dataset.start ?? element.dataset.seek) <= now + 0.05) found = element;
  return found;
}

let shown = null;
function follow() {
  const now = audio.currentTime;
  if (stopAt !== null && now >= stopAt && !audio.paused) { stopAt = null; audio.pause(); }
  if (loop && now >= loop.end && !audio.paused) audio.currentTime = loop.start;
  const silence = document.getElementById("skip").checked && !audio.paused && silences.find((one) => now > one.start && now < one.end);
  if (silence) audio.currentTime = silence.end;
  const line = current(lines, now), word = current(words, now);
  for (const each of lines) each.classList.toggle("now", each === line);
  for (const each of words) each.classList.toggle("now", each === word && now < seconds(each.dataset.end) + AROUND);
  for (const each of answers) each.classList.toggle("table-active", each === current(answers, now));
  if (line !== shown) {
    const list = line?.parentElement; // the page itself stays where the reader has put it
    if (list) list.scrollTop = line.offsetTop - list.offsetTop - list.clientHeight / 3;
    shown = line;
  }
  document.getElementById("clock").value = `${clock(now)} / ${clock(seconds(player.dataset.lengthMs))}`;
  const comment = document.getElementById("comment");
  if (comment && document.activeElement !== comment.elements.words) noteWhere(comment);
}

function noteWhere(form) {
  form.elements.at_ms.value = Math.round(audio.currentTime * 1000);
  document.getElementById("comment-at").value = clock(audio.currentTime);
}

function step(by) {
  if (!answers.length) return;
  const here = answers.indexOf(current(answers, audio.currentTime + AROUND));
  const next = answers[Math.min(answers.length - 1, Math.max(0, here + by))];
  next.scrollIntoView({ block: "nearest" });
  hearElement(next);
}

function toggleLoop() {
  if (loop) loop = null;
  else {
    const line = current(lines, audio.currentTime);
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
  return found;
}

function mark(regions) {
  const fixed = { drag: false, resize: false };
  for (const line of lines) {
    const client = line.classList.contains("client");
    const name = line.classList.contains("cut") ? "--tblr-yellow" : line.classList.contains("hear") ? "--tblr-purple"
      : client ? "--tblr-orange" : "--tblr-primary";
    regions.addRegion({
      ...fixed, start: seconds(line.dataset.start), end: seconds(line.dataset.end), channelIdx: client ? 0 : 1,
      color: colour(name, name === "--tblr-orange" || name === "--tblr-primary" ? 0.12 : 0.35),
    });
  }
  for (const flag of document.querySelectorAll("#flags [data-seek]")) {
    regions.addRegion({ ...fixed, start: seconds(flag.dataset.seek), color: colour("--tblr-red"), content: "⚑" });
  }
  for (const comment of document.querySelectorAll("[data-comment]")) {
    regions.addRegion({ ...fixed, start: seconds(comment.dataset.seek), color: colour("--tblr-green"), content: comment.dataset.comment });
  }
}

// Every region that is put in asks how wide all is, and would have all laid out anew: an hour has a thousand of them.
function stayAsLaidOut(wave) {
  const width = wave.getWidth(), scroll = wave.getScroll(), wrapper = wave.getWrapper();
  const container = wrapper.querySelector('[part="regions-container"]') ?? wrapper;
  Object.assign(wave, { getWidth: () => width, getScroll: () => scroll });
  Object.defineProperty(container, "clientWidth", { value: container.clientWidth, configurable: true });
  return () => { delete wave.getWidth; delete wave.getScroll; delete container.clientWidth; };
}

async function draw() {
  const answer = await fetch(player.dataset.waveform);
  if (!answer.ok) return;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const half = bytes.length / 2;
  const [client, bot] = [bytes.subarray(0, half), bytes.subarray(half)].map((side) => Float32Array.from(side, (level) => level / 255));
  silences = silencesOf(client, bot, seconds(player.dataset.stretchMs));
  const regions = Regions.create();
  const wave = WaveSurfer.create({
    container: "#wave", media: audio, peaks: [client, bot], duration: seconds(player.dataset.lengthMs) || 0.02,
    height: HEIGHT, cursorColor: colour("--tblr-red"), cursorWidth: 2, hideScrollbar: false,
    splitChannels: [
      { waveColor: colour("--tblr-orange"), progressColor: colour("--tblr-orange", 0.6) },
      { waveColor: colour("--tblr-primary"), progressColor: colour("--tblr-primary", 0.6) },
    ],
    plugins: [regions, Timeline.create({ height: 16 })],
  });
  // A strict policy keeps styles out that stand in the page: the same ones as a file.
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/static/vendor/wavesurfer.css" });
  wave.getWrapper().getRootNode().append(style);
  wave.getWrapper().querySelector(".canvases").style.minHeight = `${2 * HEIGHT}px`;
  wave.once("ready", () => {
    const goOn = stayAsLaidOut(wave);
    mark(regions);
    setTimeout(() => { goOn(); player.dataset.drawn = "yes"; });
  });
  wave.on("interaction", () => { stopAt = null; });
  regions.enableDragSelection({ color: colour("--tblr-green", 0.25) });
  regions.on("region-created", (region) => {
    if (!region.drag) return;
    selected?.remove();
    selected = region;
    loop = null;
    toggleLoop();
  });
  document.getElementById("zoom").oninput = (event) => wave.zoom(Number(event.target.value));
}

function press(key) {
  const line = current(lines, audio.currentTime);
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
    c: () => { const form = document.getElementById("comment"); if (form) { audio.pause(); noteWhere(form); form.elements.words.focus(); } },
    g: () => document.querySelector("#scoring select, #scoring input[type=radio]")?.focus(),
  };
  return (acts[key] ?? acts[key.toLowerCase()])?.();
}

const KEYS = [" ", "ArrowLeft", "ArrowRight", "j", "k", "r", "l", "s", ",", ".", "c", "g"];

bind(document);
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
  draw();
}

const again = document.getElementById("replayed");
if (again) {
  const answer = await fetch(again.dataset.src);
  if (answer.ok) { again.innerHTML = await answer.text(); bind(again); }
  else again.textContent = "暂时不能重放。";
}
