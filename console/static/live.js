// Calls on the line, from server-sent events; whoever connects, or connects again, gets the whole picture first.
const SOON = 3000, LATEST = 60000; // until it is tried again, milliseconds
const body = document.getElementById("live");
const count = document.getElementById("live-count");
const calls = new Map();
const asked = JSON.parse(body.dataset.asked);
let reload = 0;

function cell(text) {
  const td = document.createElement("td");
  td.textContent = text;
  return td;
}

// Another process that carries the call, under its stage
function carrier(name) {
  const line = document.createElement("div");
  line.className = "text-secondary small";
  line.textContent = name;
  return line;
}

function draw() {
  body.replaceChildren(...[...calls.values()].map((call) => {
    const row = document.createElement("tr");
    row.append(cell(call.task_number), cell(call.client), cell(call.title), cell(call.stage), cell(asked[call.question] ?? call.question));
    if (call.process) row.children[3].append(carrier(call.process));
    return row;
  }));
  count.textContent = calls.size;
  document.getElementById("live-empty").hidden = calls.size > 0;
}

// Figures and tasks are rendered by the server: fetch the page anew, at most once a second, when a call has ended.
async function refresh() {
  reload = 0;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["figures", "tasks"]) {
    const now = document.getElementById(id), next = fresh.getElementById(id);
    if (now && next) now.replaceWith(next);
  }
  spread();
  document.dispatchEvent(new Event("figures"));
}

function spread() {
  for (const bar of document.querySelectorAll("[data-share]")) bar.style.width = `${bar.dataset.share}%`;
}

// What is shown while nothing comes from the server
const away = document.createElement("p");
away.className = "alert alert-warning text-body";
away.setAttribute("role", "status");
away.hidden = true;
document.querySelector("#main > .page-body").prepend(away);

function tellAway(words) {
  if (away.hidden) away.textContent = words;
  away.hidden = false;
}

// An EventSource reconnects by itself when the line breaks, and gives up for good at an answer that is no stream: of a
// proxy while the server restarts, or of a session that has ended.
let wait = SOON;
let isSignedOut = false;

function connect() {
  const source = new EventSource(body.dataset.source);
  source.onopen = () => {
    wait = SOON;
    isSignedOut = false;
    away.hidden = true;
  };
  source.onerror = async () => {
    tellAway("与服务器的连接已断开，正在重新连接；下面的数字可能已经过时。");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LATEST);
    if (isSignedOut || !await endedSession()) return;
    isSignedOut = true;
    away.textContent = "登录已经过期，请重新登录；下面的数字可能已经过时。";
  };
  source.onmessage = show;
}

// An EventSource does not tell what it was answered.
async function endedSession() {
  const asking = new AbortController();
  const answer = await fetch(body.dataset.source, { signal: asking.signal }).catch(() => undefined);
  asking.abort();
  return answer?.status === 401;
}

function show(message) {
  const news = JSON.parse(message.data);
  if (news.kind === "closing") {
    tellAway("服务正在停止，本页不再更新；服务恢复后会自动重新连接。");
    return;
  }
  const over = (news.changed ?? []).filter((call) => call.stage === "已结束");
  if (news.kind === "picture") calls.clear();
  for (const call of news.calls ?? news.changed) calls.set(call.call_id, call);
  for (const call of over) calls.delete(call.call_id);
  draw();
  if (!reload && (news.kind === "picture" || over.length)) reload = setTimeout(refresh, 1000);
}

for (const link of document.querySelectorAll("[data-open]")) link.onclick = () => { document.getElementById(link.dataset.open).open = true; };
connect();
spread();
draw();
