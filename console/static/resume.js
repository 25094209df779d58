// Sends what was typed before the session was over, once its owner has signed in again.
document.querySelector("#resume[data-send]")?.submit();
