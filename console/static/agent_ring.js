// A ring that is heard, and seen in the title
const title = document.title;
let blinking = 0, bell;

export function alarm(on) {
  clearInterval(blinking);
  document.title = title;
  bell = (bell?.close(), undefined);
  if (!on) return;
  blinking = setInterval(() => { document.title = document.title === title ? "【来电】" + title : title; }, 500);
  bell = new AudioContext();
  const tone = bell.createOscillator(), loudness = bell.createGain();
  tone.frequency.value = 660;
  loudness.gain.value = 0;
  for (let second = 0; second < 60; second += 2) {
    loudness.gain.setValueAtTime(0.15, bell.currentTime + second);
    loudness.gain.setValueAtTime(0, bell.currentTime + second + 0.6);
  }
  tone.connect(loudness).connect(bell.destination);
  tone.start();
}
