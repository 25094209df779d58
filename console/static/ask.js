// Asks once before a form is sent whose button says `data-ask`: what cannot be taken back.
const dialog = document.getElementById("ask");
let waiting = null; // the form and the button that was pressed

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask;
  if (!question || waiting?.sure) return;
  event.preventDefault();
  waiting = { form: event.target, button: event.submitter };
  document.getElementById("ask-what").textContent = question;
  document.getElementById("ask-yes").textContent = `确认${event.submitter.textContent.trim()}`;
  dialog.returnValue = "";
  dialog.showModal();
});

dialog.addEventListener("close", () => {
  const asked = waiting;
  waiting = null;
  if (!asked || dialog.returnValue !== "yes") return;
  waiting = { sure: true };
  asked.form.requestSubmit(asked.button);
  waiting = null;
});
