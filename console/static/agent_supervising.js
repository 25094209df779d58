// A supervisor's calls: which are on the line, and what the supervisor does on one of them.
import { say } from "/static/agent.js";

const at = (id) => document.getElementById(id);
const WORDS = { listen: "监听", whisper: "耳语", barge: "强插", take_over: "接管", stop: "退出" };
const calls = new Map();
const rows = new Map();  // of the table, by call
let on = { call_id: "", mode: "" };
let asked;  // the words of each question

// A whole picture of the calls, or those that have changed
export function showLive(news) {
  if (news.calls) {
    calls.clear();
    for (const call of news.calls) calls.set(call.call_id, call);
  }
  for (const call of news.changed ?? []) {
    if (call.stage === "已结束") calls.delete(call.call_id);
    else calls.set(call.call_id, call);
  }
  draw();
}

export function supervising(news, voice) {
  on = { call_id: news.call_id, mode: news.mode };
  voice?.speak(["whisper", "barge"].includes(news.mode));
  draw();
}

// To the agent: somebody speaks to you
export function supervised(news) {
  at("supervised").hidden = !news.mode;
  at("supervised").textContent = news.mode === "whisper" ? "管理人员正在对您耳语（客户听不到）" : "管理人员已加入通话（客户听得到）";
}

function draw() {
  const body = at("live-calls");
  if (!body) return;
  asked ??= JSON.parse(body.dataset.asked);
  for (const [id, line] of rows) if (!calls.has(id)) { line.remove(); rows.delete(id); }
  for (const call of calls.values()) {
    if (!rows.has(call.call_id)) rows.set(call.call_id, body.appendChild(row()));
    fill(rows.get(call.call_id), call);
  }
  find();
}

function row() {
  const line = document.createElement("tr");
  for (let n = 0; n < 5; n += 1) line.append(document.createElement("td"));
  line.lastChild.className = "text-nowrap";
  return line;
}

// Only what has changed is drawn anew: a button that is replaced while it is pressed does nothing
function fill(line, call) {
  [call.client, call.title, call.stage, asked[call.question] ?? call.question].forEach((text, n) => {
    if (line.children[n].textContent !== text) line.children[n].textContent = text;
  });
  const mine = on.call_id === call.call_id, human = call.stage === "坐席通话中";
  const talking = ["通话中", "转人工中", "坐席通话中", "坐席断线"].includes(call.stage);
  const modes = talking ? ["listen", ...(human ? ["whisper", "barge"] : []), "take_over", ...(mine ? ["stop"] : [])] : [];
  const acts = line.lastChild, wanted = JSON.stringify([modes, mine && on.mode, call.process, call.console]);
  if (acts.dataset.shown !== wanted) {
    const focused = acts.contains(document.activeElement) && document.activeElement.dataset.act;
    acts.dataset.shown = wanted;
    acts.replaceChildren(...(call.process ? [elsewhere(call)] : modes.map((mode) => button(call, mode, mine && on.mode === mode))));
    if (focused) acts.querySelector(`[data-act="${focused}"]`)?.focus();
  }
  line.classList.toggle("table-active", mine || location.hash === `#call-${call.call_id}`);  // looked for from another host
}

// Show the calls with the words that are looked for
function find() {
  const words = at("find-live").value.trim();
  let shown = 0;
  for (const line of rows.values()) {
    line.hidden = !line.textContent.includes(words);
    shown += !line.hidden;
  }
  at("no-live").textContent = calls.size ? "没有找到这样的通话。" : "现在没有通话。";
  at("no-live").hidden = shown > 0;
}

at("find-live")?.addEventListener("input", find);

// A call that another process carries can be supervised at that process's console only
function elsewhere(call) {
  const place = document.createElement(call.console ? "a" : "span");
  place.className = call.console ? "btn btn-sm text-wrap" : "text-secondary text-wrap";
  if (call.console) {
    place.href = `${call.console}/agent#call-${call.call_id}`;
    place.target = "_blank";
    place.rel = "noopener";
    place.dataset.act = `${call.call_id}-elsewhere`;
  }
  place.textContent = call.console ? `到 ${call.process} 的控制台监听` : `由 ${call.process} 承载，它没有公布控制台地址，不能监听或接管`;
  return place;
}

function button(call, mode, pressed) {
  const one = document.createElement("button");
  one.type = "button";
  one.className = pressed ? "btn btn-sm btn-primary me-1" : "btn btn-sm me-1";
  one.textContent = WORDS[mode];
  one.dataset.act = `${call.call_id}-${mode}`;
  one.setAttribute("aria-pressed", pressed);
  one.onclick = () => say({ kind: "supervise", call_id: call.call_id, mode });
  return one;
}
