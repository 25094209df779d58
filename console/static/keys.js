// Every page by keyboard: ? shows the keys, / goes to the search, j and k from row to row, [ and ] from page to page.
// Keys of a single character can be switched off at this browser (WCAG 2.1.4); a page's own scripts come first.
const dialog = document.getElementById("keys");
const on = document.getElementById("keys-on");
const ROWS = "main tbody tr, main .escalation";
const WAYS = "a[href], button:not(:disabled), summary";

function step(by) {
  const ways = [...document.querySelectorAll(ROWS)].map((row) => row.querySelector(WAYS)).filter((way) => way?.checkVisibility());
  if (!ways.length) return;
  const row = document.activeElement.closest(ROWS);
  const here = ways.findIndex((way) => row?.contains(way));
  const next = here < 0 ? (by > 0 ? 0 : ways.length - 1) : Math.min(ways.length - 1, Math.max(0, here + by));
  ways[next].focus();
}

function search() {
  const field = document.querySelector("main [role=search] input[type=search]");
  field?.focus();
  field?.select();
}

function turn(way) { document.querySelector(`main a[rel=${way}]`)?.click(); }

const KEYS = {
  "?": () => dialog.showModal(), "？": () => dialog.showModal(), "/": search,
  j: () => step(1), k: () => step(-1), "[": () => turn("prev"), "]": () => turn("next"),
};

function remember() {
  localStorage.setItem("keys", on.checked ? "on" : "off");
  document.documentElement.dataset.keys = on.checked ? "on" : "off";
}

on.checked = localStorage.getItem("keys") !== "off";
remember();
on.addEventListener("change", remember);
document.getElementById("show-keys").addEventListener("click", () => dialog.showModal());
addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !on.checked) return undefined;
  if (dialog.open && ["?", "？"].includes(event.key)) { event.preventDefault(); return dialog.close(); }
  const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea");
  if (typing || document.querySelector("dialog[open]")) return undefined;
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act) return undefined;
  event.preventDefault();
  return act();
});
