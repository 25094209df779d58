// Shows one client's name and numbers beside the form in which the reason was given.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-reveal]");
  if (!form) return;
  event.preventDefault();
  const shown = form.querySelector("output"), button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/reveal", { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const told = await answer.json();
    shown.textContent = answer.ok ? `${told.name} ${told.phones.join("、")}` : (told.error ?? "没有成功，请稍后再试");
  } catch {
    shown.textContent = "没有连上服务器，请稍后再试";
  } finally {
    button.disabled = false;
  }
});
