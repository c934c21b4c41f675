// Recovery codes are shown once: help to keep them.

export function startRecoveryCodes() {
  document.querySelectorAll("[data-print]").forEach((button) => {
    button.addEventListener("click", () => window.print());
  });
  document.querySelectorAll("[data-copy]").forEach((button) => {
    const said = button.parentElement.querySelector("[data-copied]");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(codesIn(document.getElementById(button.dataset.copy)));
        said.textContent = "Copied.";
      } catch {
        said.textContent = "Copying is not allowed here. Print them or write them down.";
      }
    });
  });
}

function codesIn(list) {
  return [...list.querySelectorAll("code")].map((code) => code.textContent).join("\n");
}
