// One call: both channels drawn, the transcript follows, a click on words or answers plays them.
const audio = document.getElementById("audio");
const lines = [...document.querySelectorAll("#transcript li[data-start]")];

// A pause that comes before the sound has started rejects the promise of play(): nothing is wrong then.
const play = () => audio.play().catch(() => {});

function seek(ms) {
  if (!audio) return;
  audio.currentTime = Number(ms) / 1000;
  play();
}

function drawWave() {
  const canvas = document.getElementById("wave");
  const [client, bot] = JSON.parse(document.getElementById("peaks").textContent);
  if (!client?.length) return;
  const width = canvas.width = canvas.clientWidth * devicePixelRatio;
  const height = canvas.height = 96 * devicePixelRatio;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  [[client, 0.25, "--tblr-orange"], [bot, 0.75, "--tblr-primary"]].forEach(([peaks, middle, colour]) => {
    pen.fillStyle = style.getPropertyValue(colour);
    peaks.forEach((peak, i) => {
      const tall = Math.max(1, peak * height * 0.48);
      pen.fillRect(i * width / peaks.length, middle * height - tall / 2, Math.max(1, width / peaks.length - 1), tall);
    });
  });
  if (audio.duration) {
    pen.fillStyle = style.getPropertyValue("--tblr-red");
    pen.fillRect(width * audio.currentTime / audio.duration, 0, 2, height);
  }
  canvas.onclick = (event) => seek(1000 * audio.duration * event.offsetX / canvas.clientWidth);
}

function follow() {
  const now = audio.currentTime * 1000;
  let current = null;
  for (const line of lines) if (Number(line.dataset.start) <= now + 50) current = line;
  for (const line of lines) line.classList.toggle("now", line === current);
  current?.scrollIntoView({ block: "nearest" });
  drawWave();
}

for (const element of document.querySelectorAll("[data-start], [data-seek]")) {
  const hear = () => seek(element.dataset.start ?? element.dataset.seek);
  element.onclick = hear;
  element.onkeydown = (event) => { if (event.key === "Enter") hear(); };
}

if (audio) {
  document.getElementById("speed").onchange = (event) => { audio.playbackRate = Number(event.target.value); };
  audio.ontimeupdate = follow;
  const ready = () => {
    drawWave();
    const place = location.hash.match(/^#t=(\d+)$/);
    if (place) audio.currentTime = Number(place[1]) / 1000;
  };
  // The browser may have read the recording's head before this script runs.
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) ready();
  else audio.onloadedmetadata = ready;
  addEventListener("resize", drawWave);
  addEventListener("keydown", (event) => {
    if (["INPUT", "SELECT", "TEXTAREA", "AUDIO"].includes(event.target.tagName)) return;
    if (event.key === " ") { event.preventDefault(); audio.paused ? play() : audio.pause(); }
    if (event.key === "ArrowLeft") audio.currentTime -= 3;
    if (event.key === "ArrowRight") audio.currentTime += 3;
  });
  drawWave();
}
