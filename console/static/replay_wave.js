// Both sides of a call drawn above each other, with what was said on them, and what a reader drags open.
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";
import Regions from "/static/vendor/wavesurfer-regions.esm.js";
import Timeline from "/static/vendor/wavesurfer-timeline.esm.js";

const HEIGHT = 52; // of one side, pixels
const LEAST_SHARE = 0.0005; // of the whole width, that something short is drawn
const SVG = "http://www.w3.org/2000/svg";

const seconds = (ms) => Number(ms) / 1000;
const styles = getComputedStyle(document.documentElement);
const colour = (name, alpha = 1) => {
  const value = styles.getPropertyValue(name).trim() || "#066fd1";
  return `color-mix(in srgb, ${value} ${100 * alpha}%, transparent)`;
};

// How loud each side is, 0 to 1, in equal stretches: the client, the bot.
async function levels(address) {
  const answer = await fetch(address);
  if (!answer.ok) return null;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const half = bytes.length / 2;
  return [bytes.subarray(0, half), bytes.subarray(half)].map((side) => Float32Array.from(side, (level) => level / 255));
}

// An hour has a thousand sentences: those of one look are one path, whatever the zoom.
function sentences(lines, lengthMs) {
  const looks = new Map();
  for (const line of lines) {
    const client = line.classList.contains("client");
    const look = line.classList.contains("cut") ? "--tblr-yellow" : line.classList.contains("hear") ? "--tblr-purple"
      : client ? "--tblr-orange" : "--tblr-primary";
    const start = Number(line.dataset.start);
    const width = Math.max(Number(line.dataset.end) - start, lengthMs * LEAST_SHARE);
    looks.set(look, `${looks.get(look) ?? ""}M${start} ${client ? 0 : 1}h${width}v1h-${width}z`);
  }
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${lengthMs} 2`);
  drawing.setAttribute("preserveAspectRatio", "none");
  Object.assign(drawing.style, { position: "absolute", left: "0", top: "0", width: "100%", height: `${2 * HEIGHT}px`, zIndex: 4, pointerEvents: "none" });
  for (const [look, path] of looks) {
    const drawn = document.createElementNS(SVG, "path");
    drawn.setAttribute("d", path);
    drawn.style.fill = colour(look, look === "--tblr-orange" || look === "--tblr-primary" ? 0.12 : 0.35);
    drawing.append(drawn);
  }
  return drawing;
}

function pins(regions) {
  const fixed = { drag: false, resize: false };
  for (const flag of document.querySelectorAll("#flags [data-seek]")) {
    regions.addRegion({ ...fixed, start: seconds(flag.dataset.seek), color: colour("--tblr-red"), content: "⚑" });
  }
  for (const comment of document.querySelectorAll("[data-comment]")) {
    regions.addRegion({ ...fixed, start: seconds(comment.dataset.seek), color: colour("--tblr-green"), content: comment.dataset.comment });
  }
}

// Draw a call; `selects` is told the stretch that was dragged open, `seeks` that the reader went elsewhere.
// The levels of both sides, once all is drawn; null where there are none.
export async function draw(player, audio, lines, { selects, seeks }) {
  const sides = await levels(player.dataset.waveform);
  if (!sides) return null;
  const lengthMs = Number(player.dataset.lengthMs) || 20;
  const regions = Regions.create();
  const wave = WaveSurfer.create({
    container: "#wave", media: audio, peaks: sides, duration: seconds(lengthMs),
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
  await new Promise((resolve) => { wave.once("ready", resolve); });
  wave.getWrapper().append(sentences(lines, lengthMs));
  pins(regions);
  wave.on("interaction", seeks);
  regions.enableDragSelection({ color: colour("--tblr-green", 0.25) });
  let selected = null;
  regions.on("region-created", (region) => {
    if (!region.drag) return;
    selected?.remove();
    selected = region;
    selects(region);
  });
  document.getElementById("zoom").oninput = (event) => wave.zoom(Number(event.target.value));
  return sides;
}
