// What every form gains from script.
import { startDrafts } from "./drafts.js";
import { isChanged, isFillable, markChanged, takesPart } from "./unsaved.js";

export function startForms() {
  focusFirst();
  const forms = [...document.querySelectorAll("form[method=post]")];
  forms.forEach(refuseSecondPress);
  const edited = forms.filter(takesPart);
  edited.forEach(markChanged);
  edited.forEach(warnUnsaved);
  startDrafts(edited.filter((form) => [...form.elements].some(isFillable)));
  document.querySelectorAll("[data-show-password]").forEach(offerToShow);
}

// A refusal or a notice is read out, and seen, before anything else.
function focusFirst() {
  const notice = document.querySelector("[data-focus-first]");
  if (notice) {
    notice.setAttribute("tabindex", "-1");
    notice.focus();
  }
}

// A second press within a moment is a trembling thumb, not a second wish.
function refuseSecondPress(form) {
  let sentAt = 0;
  form.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - sentAt < 2000) {
      event.preventDefault();
      return;
    }
    sentAt = now;
  });
}

function warnUnsaved(form) {
  let isSending = false;
  form.addEventListener("submit", (event) => {
    isSending = !event.defaultPrevented;
  });
  // Back from where it was sent to, the page may be changed again.
  window.addEventListener("pageshow", () => {
    isSending = false;
  });
  window.addEventListener("beforeunload", (event) => {
    // At the end of a session there is nothing to stay for: what is here can no longer be saved.
    const isOver = document.documentElement.hasAttribute("data-session-over");
    if (!isSending && !isOver && isChanged(form)) {
      event.preventDefault();
      event.returnValue = "";
    }
  });
}

function offerToShow(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "app-link-button";
  button.textContent = "Show password";
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.textContent = hidden ? "Hide password" : "Show password";
  });
  input.form.addEventListener("submit", () => {
    input.type = "password";
  });
  input.after(button);
}
