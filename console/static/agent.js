// An agent's page: one WebSocket for what happens, one WebRTC connection for the voice. The connection is made when
// the agent goes on duty and kept; taking a call only opens the microphone.
import { lineTo, openVoice } from "/static/voice.js";

const at = (id) => document.getElementById(id);
const LOOK_MS = 1000; // the context is on screen for a second before the call can be taken
const VALUES = { yes: "是", no: "否", unsure: "不确定", words: "原话", none: "没有" };
const WHY = {
  taken: "", declined: "已拒接，来电转给下一位坐席", timed_out: "未及时接听，来电转给下一位坐席，您已转为小休",
  client_hung_up: "客户已挂断", given_up: "客户等待的时间已到，改为回电",
  agent_hung_up: "已挂断", client_line_lost: "客户线路中断", agent_line_lost: "您的语音没有接通或者已经中断，客户转给下一位坐席，您已转为小休",
};
const title = document.title;

let socket, voice, ring, talking = false, looked = 0, blinking = 0, counting = 0, bell;

function say(message) { socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message)); }
function trouble(text) { at("trouble").textContent = text; at("trouble").hidden = !text; }

async function begin() {
  trouble("");
  at("begin").disabled = true;
  try {
    voice = await openVoice(at("voice"), () => leave(at("trouble").textContent || "语音连接已断开，请重新上线"));
  } catch (error) {
    return leave(error.message);
  }
  socket = lineTo("/agent/line");
  socket.onopen = () => say({ kind: "sign_on", sdp: voice.offer });
  socket.onmessage = (message) => HEAR[JSON.parse(message.data).kind]?.(JSON.parse(message.data));
  socket.onclose = () => {
    if (talking) trouble("和服务器的连接已断开，通话仍在继续；挂断请按签退，之后重新上线");
    else leave(at("trouble").textContent || "和服务器的连接已断开，请重新上线");
  };
}

const HEAR = {
  async answer(news) {
    await voice.answer(news.sdp);
    at("agent-name").textContent = news.name;
  },
  refused(news) { trouble(news.why); },
  error(news) { trouble(news.why); },
  presence(news) {
    if (at("duty").hidden) voice?.speak(false); // connected: silent until a call
    at("sign-on").hidden = true;
    at("duty").hidden = false;
    at("presence").textContent = news.presence;
    at("idle").hidden = !at("call").hidden;
  },
  queue(news) { at("queue").textContent = news.waiting; },
  rings(news) {
    trouble("");
    ring = news.ring;
    show(news.briefing);
    mode("ringing");
    looked = performance.now() + LOOK_MS;
    at("accept").disabled = true;
    setTimeout(() => { at("accept").disabled = false; at("accept").focus(); }, LOOK_MS);
    alarm(true);
    countDown(performance.now() + news.seconds * 1000);
  },
  ring_ended(news) {
    alarm(false);
    if (news.why === "taken") return;
    voice?.speak(false);
    trouble(WHY[news.why] ?? "");
    mode("idle");
  },
  talk_ended(news) {
    voice?.speak(false);
    trouble(WHY[news.why] ?? "");
    mode("idle");
  },
};

function mode(name) {
  talking = name === "talking";
  at("call").hidden = name === "idle";
  at("idle").hidden = name !== "idle";
  at("state").textContent = talking ? "通话中" : "来电";
  for (const id of ["accept", "decline"]) at(id).hidden = talking;
  for (const id of ["mute", "hold", "hang-up"]) at(id).hidden = !talking;
  for (const id of ["mute", "hold"]) press(at(id), false);
  if (name === "idle") ring = undefined;
  if (name !== "ringing") countDown();
}

// How long the call still rings here
function countDown(until) {
  clearInterval(counting);
  at("left").hidden = !until;
  const show = () => { at("left").textContent = `还有 ${Math.max(0, Math.ceil((until - performance.now()) / 1000))} 秒`; };
  if (until) { show(); counting = setInterval(show, 250); }
}

function accept() {
  if (!ring || talking || performance.now() < looked) return;
  voice.speak(true);
  say({ kind: "accept", ring });
  alarm(false);
  mode("talking");
}

function press(button, on) {
  button.setAttribute("aria-pressed", on);
  button.classList.toggle("active", on);
}

function toggle(button, kind) {
  const on = button.getAttribute("aria-pressed") !== "true";
  press(button, on);
  say({ kind, on });
}

function leave(why) {
  alarm(false);
  socket = (socket?.close(), undefined);
  voice = (voice?.close(), undefined);
  mode("idle");
  at("idle").hidden = at("duty").hidden = true;
  at("sign-on").hidden = false;
  at("begin").disabled = false;
  trouble(why);
}

// What the agent must know

function item(tag, ...texts) {
  const one = document.createElement(tag);
  one.append(...texts);
  return one;
}

function show(call) {
  for (const [id, text] of [["client", call.client], ["review", call.title], ["reason", call.reason], ["question", call.question || "—"]]) at(id).textContent = text;
  at("points").replaceChildren(...call.points.map((text) => item("li", text)));
  at("flags").replaceChildren(...call.flags.map((flag) => item("li", item("strong", `${flag.severity} · ${flag.risk}`), flag.words ? ` “${flag.words}”` : "")));
  at("answers").replaceChildren(...call.answers.map((one) => item("tr", item("td", one.question), item("td", VALUES[one.value] ?? one.value), item("td", one.words))));
  at("lines").replaceChildren(...call.lines.map((line) => {
    const one = item("li", item("span", line.speaker), item("p", line.text));
    one.className = line.speaker === "客户" ? "client" : "bot";
    one.firstChild.className = "who";
    return one;
  }));
}

// A ring that is heard, and seen in the title

function alarm(on) {
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

at("sign-on").onsubmit = (event) => { event.preventDefault(); begin(); };
at("leave").onclick = () => leave("");
at("accept").onclick = accept;
at("decline").onclick = () => say({ kind: "decline", ring });
at("mute").onclick = () => toggle(at("mute"), "mute");
at("hold").onclick = () => toggle(at("hold"), "hold");
at("hang-up").onclick = () => say({ kind: "hang_up" });
for (const button of document.querySelectorAll("[data-presence]")) button.onclick = () => say({ kind: "presence", presence: button.dataset.presence });
document.addEventListener("keydown", (event) => {
  if (talking && /^[0-9*#]$/.test(event.key)) voice?.press(event.key);
  else if (event.key === "F8") accept();
  else if (event.key === "F9" && ring) say(talking ? { kind: "hang_up" } : { kind: "decline", ring });
  else return;
  event.preventDefault();
});
