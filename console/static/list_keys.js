// A list by keyboard: / to the search field, j and k from row to row; Enter opens, as everywhere.
const rows = [...document.querySelectorAll("tbody tr a[href]:first-of-type")].filter((link) => !link.closest("td")?.previousElementSibling);
let at = -1;
addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") { event.preventDefault(); document.querySelector("#filters input[type=search]")?.focus(); }
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !rows.length) return;
  at = Math.min(rows.length - 1, Math.max(0, at + step));
  rows[at].focus();
});
