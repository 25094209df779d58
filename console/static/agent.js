// An agent's page: one WebSocket for what happens, one WebRTC connection for the voice. The connection is made when
// the agent goes on duty and kept; taking a call only opens the microphone. Both come back by themselves.
import { lineTo, openVoice } from "/static/voice.js";
import { ask, closeForm, showBriefing, showForm } from "/static/agent_call.js";
import { alarm } from "/static/agent_ring.js";
import { showLive, supervised, supervising } from "/static/agent_supervising.js";

const at = (id) => document.getElementById(id);
const LOOK_MS = 1000; // the context is on screen for a second before the call can be taken
const AGAIN_MS = [500, 1000, 2000, 4000, 8000]; // until a lost connection is tried again
const WHY = {
  declined: "已拒接，来电转给下一位坐席", timed_out: "未及时接听，来电转给下一位坐席，您已转为小休",
  client_hung_up: "客户已挂断", given_up: "客户等待的时间已到，改为回电",
  agent_hung_up: "已挂断", client_line_lost: "客户线路中断", passed_on: "客户已转出，请登记您的部分",
  agent_line_lost: "您的语音没有接通或者已经中断，客户转给下一位坐席，您已转为小休",
};
const ASKED = { // how a consultation ended, to who asked and to who was asked
  back: ["已回到客户", "对方已回到客户，咨询结束"], left: ["客户已转给对方，请登记您的部分", ""],
  declined: ["对方没有接受咨询，已回到客户", "已谢绝咨询"], timed_out: ["对方没有及时接听，已回到客户", "未及时接听，您已转为小休"],
  engaged: ["对方占线，已回到客户", ""], unreachable: ["没有接通对方，已回到客户", "您的语音没有接通，您已转为小休"],
  hung_up: ["对方已挂断，已回到客户", "已退出咨询"], client_hung_up: ["客户已挂断", "客户已挂断，咨询结束"],
  talk_over: ["通话已经结束，咨询结束", "对方的通话已经结束，咨询结束"],
};
// The page's own name: a connection that comes back is known by it, and a page that was loaded anew goes on duty again.
// It is kept only from the end of a page to the beginning of the next one: a copy of this tab has a name of its own.
const RETURN_MS = 120_000;
const before = JSON.parse(sessionStorage.getItem("duty") ?? "{}");
sessionStorage.removeItem("duty");
const returns = before.number === at("sign-on").dataset.number && Date.now() - before.at < RETURN_MS;
const token = returns ? before.token : [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

let socket, voice, ring, mode = "idle", looked = 0, counting = 0, presence = returns ? before.presence : "", wanted = false, tries = 0, instead = false, again = 0;
let byHand = false, asking = false, course = "", writing = false; // how the call stands

export function say(message) { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); }
function trouble(text) { at("trouble").textContent = text; at("trouble").hidden = !text; }
function notice(text) { at("notice").textContent = text; at("notice").hidden = !text; }

// Going on duty, and coming back

async function begin() {
  wanted = true;
  trouble("");
  at("begin").disabled = true;
  clearTimeout(again);
  try {
    voice ??= await openVoice(at("voice"), voiceLost);
  } catch (error) {
    return leave(error.message);
  }
  socket?.close();
  const line = socket = lineTo("/agent/line");
  line.onopen = () => say(voice.fresh ? signOn() : { kind: "resume", token });
  line.onmessage = (message) => { if (line === socket) hear(JSON.parse(message.data)); };
  line.onclose = () => { if (line === socket) comeBack(["talking", "asked"].includes(mode) ? "和服务器的连接已断开，通话仍在继续，正在重新连接…" : "和服务器的连接已断开，正在重新连接…"); };
}

function signOn() { return { kind: "sign_on", sdp: voice.offer, token, presence: presence || null, instead: instead || tries > 0 }; }

function comeBack(why) {
  if (!wanted) return;
  if (mode === "ringing") { alarm(false); show("idle"); } // it goes to the next agent
  trouble(why);
  again = setTimeout(begin, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]);
}

function voiceLost() {
  voice = (voice?.close(), undefined);
  const waits = wanted && byHand && mode === "talking";
  if (wanted && mode !== "idle" && mode !== "wrap") show("idle");
  comeBack(waits ? "您的语音已断开，客户在等候，正在重新接回…" : "语音连接已断开，正在重新连接…");
}

function leave(why) {
  wanted = instead = false;
  tries = 0;
  clearTimeout(again);
  alarm(false);
  say({ kind: "sign_off" });
  socket = (socket?.close(), undefined);
  voice = (voice?.close(), undefined);
  show("idle");
  at("idle").hidden = at("duty").hidden = at("tasks").hidden = true;
  if (at("supervisor")) at("supervisor").hidden = true;
  at("sign-on").hidden = false;
  at("begin").disabled = false;
  trouble(why);
}

// What the server says

function hear(news) { HEAR[news.kind]?.(news); }

const HEAR = {
  async answer(news) {
    voice.fresh = false;
    await voice.answer(news.sdp);
    at("agent-name").textContent = news.name;
  },
  async renew() { // the server no longer knows our voice
    voice = (voice?.close(), undefined);
    try { voice = await openVoice(at("voice"), voiceLost); } catch (error) { return leave(error.message); }
    tries = Math.max(tries, 1);
    say(signOn());
  },
  refused(news) {
    if (tries && wanted && news.elsewhere) return; // our own old connection is being given up: the next try will do
    leave(news.why);
    at("instead").hidden = !news.elsewhere;
  },
  lost() { voiceLost(); },
  replaced() { leave("您已在另一个页面上线，本页面已签退"); },
  error(news) { trouble(news.why); },
  presence(news) {
    if (at("duty").hidden) voice?.speak(false); // connected: silent until a call
    presence = news.presence;
    tries = 0;
    instead = false;
    trouble("");
    at("sign-on").hidden = at("instead").hidden = true;
    at("duty").hidden = false;
    at("presence").textContent = presence;
    for (const button of document.querySelectorAll("[data-presence]")) press(button, button.dataset.presence === presence);
    at("idle").hidden = mode !== "idle";
    at("tasks").hidden = mode !== "idle" || !at("tasks").dataset.calls;
    if (at("supervisor")) at("supervisor").hidden = false;
    if (presence === "空闲" && mode === "wrap") show("idle");
  },
  queue(news) { at("queue").textContent = news.waiting; },
  live(news) { showLive(news); },
  supervising(news) { supervising(news, voice); if (news.why) notice(news.why); },
  supervised(news) { supervised(news); },
  colleagues(news) { showColleagues(news.colleagues); },
  rings(news) {
    trouble(""); notice("");
    ring = news.ring;
    showContext(news);
    show("ringing");
    at("bot").textContent = news.asked_by ? `${news.asked_by}请您协助，客户在听等候音` : "机器人正在陪客户等候";
    if (news.asked_by) at("state").textContent = "咨询来电";
    looked = performance.now() + LOOK_MS;
    at("accept").disabled = true;
    setTimeout(() => { at("accept").disabled = false; at("accept").focus(); }, LOOK_MS);
    alarm(true);
    countDown(performance.now() + news.seconds * 1000);
  },
  asking(news) {
    asking = Boolean(news.who);
    at("asking").hidden = !asking;
    for (const id of ["mute", "hold", "pass-on", "keypad-toggle", "hang-up"]) at(id).hidden = asking || mode !== "talking";
    if (mode === "talking") at("state").textContent = asking ? "咨询中" : "通话中";
    if (!asking) return notice(ASKED[news.end]?.[0] ?? "");
    notice("");
    at("keypad").hidden = at("colleagues").hidden = true;
    at("asking-who").textContent = news.talking ? `正在和${news.who}通话` : `正在呼叫${news.who}…`;
    at("ask-leave").disabled = !news.talking;
  },
  asked(news) {
    ring = news.ring;
    alarm(false);
    voice?.speak(true);
    showContext(news);
    show("asked");
    at("bot").textContent = `正在和${news.asked_by}通话，客户听不到`;
  },
  asked_no_more(news) {
    alarm(false);
    voice?.speak(false);
    notice(ASKED[news.end]?.[1] ?? "");
    show("idle");
  },
  briefing(news) { if (news.ring === ring) showBriefing(news.briefing); },
  ring_ended(news) {
    alarm(false);
    if (news.why === "taken") return;
    voice?.speak(false);
    notice(WHY[news.why] ?? "");
    show("idle");
  },
  talk_began(news) {
    writing = mode === "wrap" && ring === news.ring; // told anew: what was typed stays
    ring = news.ring;
    byHand = news.by_hand;
    alarm(false);
    voice?.speak(true);
    notice("");
    if (news.briefing) showBriefing(news.briefing); else showBriefing({ client: "", title: "人工回访", reason: "", question: "", points: [], answers: [], flags: [], lines: [] });
    at("client").textContent = news.client;
    at("phone").textContent = news.phone;
    course = news.by_hand ? (news.answered ? "正在录音" : "正在呼叫客户…") : "机器人已退出，由您继续";
    show("talking");
    if (!news.answered) at("state").textContent = "呼叫中";
    for (const id of ["mute", "hold", "keypad-toggle", "pass-on"]) at(id).hidden = !news.answered;
    at("heard").hidden = news.by_hand;
    at("opening").hidden = !news.by_hand;
    showForm(news.form);
    press(at("mute"), news.muted);
    press(at("hold"), news.held);
    standing();
  },
  form(news) { showForm(news.form); },
  talk_ended(news) {
    voice?.speak(false);
    notice(WHY[news.why] ?? "");
    if (!news.wrap_seconds) {
      if (news.why === "passed_on") notice("客户已由对方接手，由对方登记结果");
      return show("idle");
    }
    if (news.why === "agent_line_lost") notice("您的语音中断，没有及时接回，已告知客户会有专人回电，请登记结果");
    at("bot").textContent = "通话已经结束";
    if (news.why === "passed_on") closeForm();
    if (!writing) at("outcome").value = news.suggested || (news.complete ? "reviewed" : "");
    writing = false;
    show("wrap");
    fitWrap();
    countDown(performance.now() + news.wrap_seconds * 1000);
    at("outcome").focus();
  },
  wrap_up_ended() { ring = undefined; show("idle"); if (at("tasks").dataset.calls) refreshTasks(); },
};

// What whoever takes a call, or is asked about it, has to know; the form is another one's as long as they only look
function showContext(news) {
  showBriefing(news.briefing);
  showForm(news.form, true);
  at("opening").hidden = true;
  at("heard").hidden = !news.briefing.lines.length && !news.briefing.flags.length;
}

function show(name) {
  mode = name;
  const talking = name === "talking";
  at("call").hidden = name === "idle";
  at("idle").hidden = name !== "idle" || at("duty").hidden;
  at("tasks").hidden = at("idle").hidden || !at("tasks").dataset.calls;
  at("state").textContent = { talking: "通话中", asked: "咨询中", wrap: "话后处理", ringing: "来电", idle: "" }[name];
  for (const id of ["accept", "decline"]) at(id).hidden = name !== "ringing";
  for (const id of ["mute", "hold", "pass-on", "keypad-toggle"]) at(id).hidden = !talking;
  at("hang-up").hidden = !talking && name !== "asked";
  at("hang-up").textContent = name === "asked" ? "退出咨询（F9）" : "挂断（F9）";
  for (const id of ["mute", "hold"]) press(at(id), false);
  at("wrap").hidden = name !== "wrap";
  at("keypad").hidden = at("colleagues").hidden = at("asking").hidden = true;
  asking = false;
  if (name === "idle") { ring = undefined; at("wrap").reset(); supervised({ mode: "" }); }
  if (name !== "ringing") countDown();
}

// How long the call still rings here, or the wrap-up lasts
function countDown(until) {
  clearInterval(counting);
  at("left").hidden = !until;
  const tell = () => { at("left").textContent = `还有 ${Math.max(0, Math.ceil((until - performance.now()) / 1000))} 秒`; };
  if (until) { tell(); counting = setInterval(tell, 250); }
}

// What the agent does

function accept() {
  if (!ring || mode !== "ringing" || performance.now() < looked) return;
  voice.speak(true);
  say({ kind: "accept", ring });
  alarm(false);
}

function press(button, on) {
  button.setAttribute("aria-pressed", on);
  button.classList.toggle("btn-primary", on);
}

// Whether the client hears the agent
function standing() {
  const on = (id) => at(id).getAttribute("aria-pressed") === "true";
  at("bot").textContent = on("hold") ? "保持中：客户在听音乐，听不到您" : on("mute") ? "静音中：客户听不到您" : course;
}

// What else an outcome needs
function fitWrap() {
  at("when").hidden = at("outcome").value !== "callback_agreed";
  at("whither").hidden = at("outcome").value !== "not_client";
  for (const id of ["callback_at", "new_number"]) at(id).disabled = at(id).parentElement.hidden;
}

function toggle(button, kind) {
  const on = button.getAttribute("aria-pressed") !== "true";
  press(button, on);
  standing();
  say({ kind, on });
}

// Whom the client may be passed on to. Asking first (咨询) keeps the client until the colleague has agreed.
function showColleagues(colleagues) {
  const panel = at("colleagues");
  panel.hidden = false;
  panel.replaceChildren(...colleagues.map((one) => {
    const row = document.createElement("div"), name = document.createElement("span"), free = !one.presence || one.presence === "空闲";
    row.className = "d-flex align-items-center gap-2 py-1";
    name.className = free ? "me-2" : "me-2 text-secondary";
    name.textContent = one.presence ? `${one.name}（${one.number}） ${one.presence}` : one.name;
    row.append(name, passing("先咨询", "btn btn-sm btn-primary", () => say({ kind: "consult", number: one.number }), free));
    if (!one.presence || !byHand) row.append(passing("直接转接", "btn btn-sm", () => say({ kind: "pass_on", number: one.number }), free));
    return row;
  }));
  if (!colleagues.length) panel.textContent = "没有其他坐席在班";
  panel.querySelector("button:enabled")?.focus();
}

function passing(text, look, act, can) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = look;
  button.textContent = text;
  button.disabled = !can;
  button.onclick = act;
  return button;
}

function toggleColleagues() {
  if (at("colleagues").hidden) say({ kind: "colleagues" });
  else at("colleagues").hidden = true;
}

async function refreshTasks() {
  const answer = await fetch(`/agent/tasks?${new URLSearchParams(new FormData(at("task-filter")))}`);
  if (answer.redirected) { location.reload(); return; }
  if (answer.ok) at("task-list").innerHTML = await answer.text();
}

at("sign-on").onsubmit = (event) => { event.preventDefault(); begin(); };
at("instead").onclick = () => { instead = true; begin(); };
at("leave").onclick = () => leave("");
at("accept").onclick = accept;
at("decline").onclick = () => say({ kind: "decline", ring });
at("mute").onclick = () => toggle(at("mute"), "mute");
at("hold").onclick = () => toggle(at("hold"), "hold");
at("hang-up").onclick = () => say({ kind: "hang_up" });
at("pass-on").onclick = toggleColleagues;
at("ask-back").onclick = () => say({ kind: "consult_back" });
at("ask-leave").onclick = () => say({ kind: "consult_leave" });
at("keypad-toggle").onclick = () => { at("keypad").hidden = !at("keypad").hidden; };
at("keypad").onclick = (event) => { if (event.target.dataset.key) voice?.press(event.target.dataset.key); };
at("wrap").onsubmit = (event) => { event.preventDefault(); say({ kind: "wrap_up", ...Object.fromEntries(new FormData(at("wrap"))) }); };
at("outcome").onchange = fitWrap;
at("task-filter").onsubmit = (event) => { event.preventDefault(); refreshTasks(); };
at("task-list").onclick = (event) => {
  const task = event.target.dataset.dial;
  if (task) say({ kind: "dial", task: Number(task), consent: at("consent").checked });
};
for (const button of document.querySelectorAll("[data-presence]")) button.onclick = () => say({ kind: "presence", presence: button.dataset.presence });
addEventListener("pagehide", () => {
  if (wanted) sessionStorage.setItem("duty", JSON.stringify({ token, at: Date.now(), number: at("sign-on").dataset.number, presence: mode === "idle" ? presence : "" }));
});
addEventListener("beforeunload", (event) => { if (["talking", "asked", "wrap"].includes(mode)) event.preventDefault(); });
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select") || event.ctrlKey || event.altKey || event.metaKey;
  if (event.key === "F8") asking ? at("ask-leave").click() : mode === "wrap" ? at("wrap").requestSubmit() : accept();
  else if (event.key === "F7" && asking) say({ kind: "consult_back" });
  else if (event.key === "F4" && mode === "talking" && !asking && !at("pass-on").hidden) toggleColleagues();
  else if (event.key === "F9" && ring) say(mode === "ringing" ? { kind: "decline", ring } : { kind: "hang_up" });
  else if (event.key === "F6" && mode === "talking" && !asking) toggle(at("mute"), "mute");
  else if (event.key === "F7" && mode === "talking") toggle(at("hold"), "hold");
  else if (!typing && mode === "talking" && !at("keypad").hidden && /^[0-9*#]$/.test(event.key)) voice?.press(event.key);
  else if (!typing && (mode === "talking" || mode === "wrap") && ask(event.key)) { /* answered */ } else return;
  event.preventDefault();
});
if (returns) { tries = 1; begin(); }
