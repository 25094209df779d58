// What an agent must know of a call, and the review as a form that is answered with one key.
import { say } from "/static/agent.js";

const at = (id) => document.getElementById(id);
const VALUES = { yes: "是", no: "否", unsure: "不确定", words: "原话", none: "没有" };
let current; // the question that keys answer

function item(tag, ...texts) {
  const one = document.createElement(tag);
  one.append(...texts);
  return one;
}

export function showBriefing(call) {
  for (const [id, text] of [["client", call.client], ["review", call.title], ["reason", call.reason && `转人工原因：${call.reason}`], ["question", call.question || "—"]]) at(id).textContent = text;
  at("phone").textContent = "";
  at("reason").hidden = !call.reason;
  at("advice").hidden = !call.points.length;
  at("points").replaceChildren(...call.points.map((text) => item("li", text)));
  at("flags").replaceChildren(...call.flags.map((flag) => item("li", item("strong", `${flag.severity} · ${flag.risk}`), flag.words ? ` “${flag.words}”` : "")));
  at("answers").replaceChildren(...call.answers.map((one) => item("tr", item("td", one.question), item("td", VALUES[one.value] ?? one.value), item("td", one.words))));
  at("lines").replaceChildren(...call.lines.map((line) => {
    const one = item("li", item("span", line.speaker), item("p", line.text));
    one.className = line.speaker === "客户" ? "client" : "bot";
    one.firstChild.className = "who";
    return one;
  }));
  at("lines").lastChild?.scrollIntoView({ block: "nearest" });
}

// The form: the question that is to be asked now, those answered before (which may be changed), those to come;
// whoever only looks changes nothing

export function showForm(form, onlyLook = false) {
  const typed = at("form").querySelector("textarea");
  const kept = typed && typed.dataset.node === form?.now?.node ? typed.value : "";
  current = onlyLook ? undefined : form?.now;
  at("sheet").hidden = !form;
  at("known").hidden = Boolean(form);
  if (!form) return;
  at("how").textContent = onlyLook ? "由对方登记，这里只供查看。" : "按数字键选择答复；按原文提问，不诱导，不评判。已答的也可以改。";
  at("progress").textContent = `已答 ${form.answered.length}${form.now ? `，还有 ${form.ahead.length + 1}` : ""}`;
  const answered = form.answered.map((page) => asked(page, false));
  const now = form.now ? asked(form.now, true) : item("p", "问题都已回答，通话结束后请登记结果。");
  const ahead = form.ahead.map((page) => { const one = item("p", `${page.before} ${page.text}`); one.className = "text-secondary mb-2"; return one; });
  at("form").replaceChildren(...answered, now, ...ahead);
  if (onlyLook) closeForm();
  if (kept) at("form").querySelector("textarea").value = kept;
  now.scrollIntoView({ block: "nearest" });
}

// Nothing is answered here any more
export function closeForm() {
  current = undefined;
  for (const control of at("form").querySelectorAll("button, textarea")) control.disabled = true;
}

function asked(page, now) {
  const box = document.createElement("div");
  box.className = "question-form";
  if (now) box.setAttribute("aria-current", "step");
  if (page.before) { const before = item("p", page.before); before.className = "text-secondary mb-1"; box.append(before); }
  const text = item("p", page.text);
  text.className = now ? "mb-1 fw-bold" : "mb-1";
  box.append(text);
  if (page.explain && now) {
    const explain = item("details", item("summary", "客户没听懂时"), page.explain);
    explain.className = "text-secondary small mb-1";
    box.append(explain);
  }
  box.append(page.kind === "write" ? writing(page) : options(page, now));
  return box;
}

function options(page, now) {
  const list = document.createElement("div");
  list.className = "btn-list";
  list.append(...page.options.map((option, place) => {
    const button = item("button", now && place < 9 ? `${place + 1} ${option.label}` : option.label);
    button.type = "button";
    button.className = page.value === option.value ? "btn btn-sm btn-primary" : "btn btn-sm";
    button.setAttribute("aria-pressed", page.value === option.value);
    button.onclick = () => give(page, option.value);
    return button;
  }));
  return list;
}

function writing(page) {
  const line = document.createElement("div"), words = document.createElement("textarea"), button = item("button", "记下（Ctrl+Enter）");
  line.className = "d-flex gap-2";
  words.className = "form-control";
  words.rows = 2;
  words.maxLength = 500;
  words.dataset.node = page.node;
  words.placeholder = "客户原话；没有可以不填";
  words.setAttribute("aria-label", "客户原话");
  words.value = page.words ?? "";
  words.onkeydown = (event) => { if (event.key === "Enter" && event.ctrlKey) give(page, "", words.value); };
  button.type = "button";
  button.className = "btn";
  button.onclick = () => give(page, "", words.value);
  line.append(words, button);
  return line;
}

function give(page, value, words = "") { say({ kind: "answer", node: page.node, value, words }); }

// Answer the question of now with a key; whether the key meant anything
export function ask(key) {
  if (!current || !/^[1-9]$/.test(key)) return false;
  if (current.kind === "write") { at("form").querySelector("[aria-current] textarea").focus(); return true; }
  const option = current.options[Number(key) - 1];
  if (option) give(current, option.value);
  return Boolean(option);
}
