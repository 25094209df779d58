// Light or dark, as chosen at this browser, else as the system has it; before anything is drawn.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  return localStorage.getItem("theme") || (dark.matches ? "dark" : "light");
}

root.dataset.bsTheme = theme();
dark.addEventListener("change", () => { root.dataset.bsTheme = theme(); });
addEventListener("beforeprint", () => { root.dataset.bsTheme = "light"; }); // paper is white
addEventListener("afterprint", () => { root.dataset.bsTheme = theme(); });
document.addEventListener("click", (event) => {
  if (!event.target.closest("#theme")) return;
  localStorage.setItem("theme", root.dataset.bsTheme === "dark" ? "light" : "dark");
  root.dataset.bsTheme = theme();
});
