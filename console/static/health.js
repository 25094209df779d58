// The findings, asked for anew every five seconds while somebody looks; the focus stays where it was.
const EVERY = 5000;
const told = document.getElementById("asked");
const usual = told.textContent;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(4 * EVERY) });
    if (answer.redirected) return location.reload();  // signed out meanwhile
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("health");
    const focused = document.activeElement?.id;
    document.getElementById("health").replaceWith(fresh);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    told.textContent = usual;
    told.classList.remove("text-red");
  } catch {
    told.textContent = told.dataset.lost;
    told.classList.add("text-red");
  }
}

async function keepAsking() {
  await refresh();
  setTimeout(keepAsking, EVERY);
}
setTimeout(keepAsking, EVERY);
document.addEventListener("visibilitychange", refresh);
