// Keeps what was typed into a form marked `data-draft="key"` while this tab is open, so that a reload, or another form
// of the page, does not wipe it. A page that says `data-draft-taken="key"` tells that the server has it; whoever signs
// out, or signs in after somebody else, leaves nothing behind.
const ALL = "draft ";
const mine = `${ALL}${encodeURIComponent(document.getElementById("me").dataset.staff)} `;
const keyOf = (form) => mine + form.dataset.draft;
const kept = (form) => JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "{}");

function forget(which) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(ALL) && which(key)) sessionStorage.removeItem(key);
}

const ticked = (field) => ["radio", "checkbox"].includes(field.type);
const named = (form, name) => [...form.elements].filter((field) => field.name === name && field.type !== "hidden");

// Only what was touched: everything else stays as the server says.
function keep(form, name) {
  const values = named(form, name).filter((field) => !ticked(field) || field.checked).map((field) => field.value);
  sessionStorage.setItem(keyOf(form), JSON.stringify({ ...kept(form), [name]: values }));
}

function restore(form) {
  for (const [name, values] of Object.entries(kept(form))) {
    for (const field of named(form, name)) {
      if (ticked(field)) field.checked = values.includes(field.value);
      else field.value = values[0];
      if (values.length) field.closest("details")?.setAttribute("open", "");
    }
  }
}

forget((key) => !key.startsWith(mine));
for (const { dataset } of document.querySelectorAll("[data-draft-taken]")) sessionStorage.removeItem(mine + dataset.draftTaken);
document.querySelectorAll("form[data-draft]").forEach(restore);
document.addEventListener("input", ({ target }) => {
  if (target.name && target.form?.dataset.draft) keep(target.form, target.name);
});
document.getElementById("me").addEventListener("submit", () => forget(() => true));
