// Talk with a script: the page's own telephone call.
import { lineTo, openVoice } from "/static/voice.js";

const at = (id) => document.getElementById(id);
let voice, socket;

function over(why) {
  socket = (socket?.close(), undefined);
  voice = (voice?.close(), undefined);
  at("state").textContent = why;
  at("begin").disabled = false;
  at("hang-up").disabled = true;
}

function add(line) {
  const one = document.createElement("li"), who = document.createElement("span"), text = document.createElement("p");
  one.className = line.speaker === "客户" ? "client" : "bot";
  who.className = "who";
  who.textContent = line.speaker;
  text.textContent = line.text;
  one.append(who, text);
  at("lines").append(one);
  one.scrollIntoView({ block: "nearest" });
}

async function begin() {
  at("begin").disabled = true;
  at("lines").replaceChildren();
  at("state").textContent = "正在接通……";
  try {
    voice = await openVoice(at("voice"), () => over("语音连接已断开"));
  } catch (error) {
    return over(error.message);
  }
  socket = lineTo("/try/line");
  socket.onopen = () => socket.send(JSON.stringify({ kind: "try", script: at("script").value, sdp: voice.offer }));
  socket.onclose = () => over(at("state").textContent);
  socket.onmessage = async (message) => {
    const news = JSON.parse(message.data);
    if (news.kind === "answer") {
      await voice.answer(news.sdp);
      at("hang-up").disabled = false;
    } else if (news.kind === "line") {
      at("state").textContent = "通话中";
      add(news);
    } else over(news.why);
  };
}

at("try").onsubmit = (event) => { event.preventDefault(); begin(); };
at("hang-up").onclick = () => over("通话已结束");
document.addEventListener("keydown", (event) => { if (voice && /^[0-9*#]$/.test(event.key)) voice.press(event.key); });
