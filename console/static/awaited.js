// Parts that the server is still counting: fetch the page anew until they are there, from where it says that it is to
// be had: what answers a form stands at an address that cannot be asked for.
const EACH = 1000, MOST = 120;
const counted = document.getElementById("counted");
let asked = 0;

async function look() {
  asked += 1;
  const answer = await fetch(counted.dataset.page ?? location.href).catch(() => undefined);
  const fresh = new DOMParser().parseFromString(answer?.ok ? await answer.text() : "", "text/html");
  for (const part of document.querySelectorAll("[data-awaited]")) {
    const next = fresh.getElementById(part.id);
    if (next && !next.hasAttribute("data-awaited")) part.replaceWith(next);
  }
  if (!document.querySelector("[data-awaited]")) counted.textContent = "统计已完成";
  else if (asked < MOST) setTimeout(look, EACH);
  else for (const part of document.querySelectorAll("[data-counting]")) part.textContent = "统计还没有完成，请稍后刷新页面。";
}

if (document.querySelector("[data-awaited]")) setTimeout(look, EACH);
