// A search's address holds what was filled in and nothing else, so that it is short to keep and to pass on.
export function startFinding() {
  document.querySelectorAll("form[data-tidy]").forEach((form) => {
    form.addEventListener("submit", () => {
      const left = [...form.elements].filter((field) => field.name && !field.disabled && field.value === "");
      // Of these, one is needed: the page says so, if it is sent.
      const needed = form.dataset.tidy.split(" ").map((name) => form.elements[name]);
      const kept = needed.every((field) => !field || field.value === "") ? needed[0] : null;
      const resting = left.filter((field) => field !== kept);
      resting.forEach((field) => (field.disabled = true));
      // By then the browser has read the form, which may be sent again without being loaded again.
      setTimeout(() => resting.forEach((field) => (field.disabled = false)));
    });
  });
}
