// The contracts page: find a council or sub-ICB by a part of its name, and keep the list of those chosen.

export function startContracts() {
  const form = document.querySelector("form[data-contracts]");
  if (!form) {
    return;
  }
  const box = form.querySelector("[data-filter]");
  box.hidden = false;
  const input = box.querySelector("input");
  input.addEventListener("input", () => filter(form, input.value.trim().toLowerCase()));
  // Enter finds; it does not save.
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
    }
  });
  form.addEventListener("change", () => list(form));
}

function filter(form, sought) {
  let found = 0;
  form.querySelectorAll("[data-region]").forEach((region) => {
    let inRegion = 0;
    region.querySelectorAll("[data-icb]").forEach((icb) => {
      const name = icb.querySelector("legend").textContent.toLowerCase();
      let inIcb = 0;
      icb.querySelectorAll("[data-area]").forEach((area) => {
        const matches = area.dataset.area.includes(sought) || name.includes(sought);
        area.hidden = !matches;
        inIcb += matches ? 1 : 0;
      });
      icb.hidden = inIcb === 0;
      inRegion += inIcb;
    });
    region.hidden = inRegion === 0;
    region.open = sought !== "" && inRegion > 0;
    found += inRegion;
  });
  const said = form.querySelector("[data-filter-said]");
  said.textContent = sought ? `${found} found.` : "";
}

function list(form) {
  const names = [...form.querySelectorAll("input[name=codes]:checked")].map((box) =>
    form.querySelector(`label[for="${box.id}"]`).textContent.trim(),
  );
  const shown = document.querySelector("[data-chosen]");
  shown.replaceChildren(
    ...names.map((name) => {
      const item = document.createElement("li");
      item.textContent = name;
      return item;
    }),
  );
  document.querySelector("[data-chosen-none]").hidden = names.length > 0;
}
