// The capacity page: plus and minus, the sum of each bed type and the total, while the figures change.

export function startCapacity() {
  const form = document.querySelector("form[data-capacity]");
  if (!form) {
    return;
  }
  form.querySelectorAll("[data-bed]").forEach((bed) => {
    bed.querySelectorAll("[data-figure]").forEach(addStepper);
  });
  form.addEventListener("input", () => recount(form));
  recount(form);
}

function addStepper(input) {
  const label = input.dataset.label;
  const minus = stepButton("−", `One fewer ${label}`, () => step(input, -1));
  const plus = stepButton("+", `One more ${label}`, () => step(input, 1));
  input.before(minus);
  input.after(plus);
  // What is typed takes the place of what was there.
  input.addEventListener("focus", () => input.select());
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by) {
      event.preventDefault();
      step(input, by);
    }
  });
}

function stepButton(sign, words, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "app-stepper__button";
  button.textContent = sign;
  // Keyboards have the arrow keys in the field itself, and need not stop three times at each number.
  button.tabIndex = -1;
  button.setAttribute("aria-label", words);
  button.addEventListener("click", action);
  return button;
}

function step(input, by) {
  input.value = String(Math.max(0, number(input) + by));
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function number(input) {
  const value = input ? Number.parseInt(input.value, 10) : 0;
  return Number.isFinite(value) ? value : 0;
}

function recount(form) {
  const units = { one: form.dataset.one || "bed", many: form.dataset.many || "beds" };
  let vacancies = 0;
  let maximum = 0;
  form.querySelectorAll("[data-bed]").forEach((bed) => {
    const figure = (name) => number(bed.querySelector(`[data-figure=${name}]`));
    vacancies += figure("accepting");
    maximum += figure("maximum");
    showSum(bed, figure, units);
    showReason(bed, figure("closed"));
  });
  const total = form.querySelector("[data-total]");
  total.textContent = `${beds(vacancies, "vacancy", "vacancies")} in ${beds(maximum, units.one, units.many)}`;
}

function showSum(bed, figure, units) {
  const line = bed.querySelector("[data-sum]");
  if (bed.querySelector("[data-figure=maximum]").value.trim() === "") {
    line.textContent = "";
    return;
  }
  const short = !bed.querySelector("[data-figure=occupied]");
  const filled = figure("occupied") + figure("reserved") + figure("accepting") + figure("closed");
  const left = figure("maximum") - filled;
  const wrong = short ? left < 0 : left !== 0;
  line.classList.toggle("app-sum--wrong", wrong);
  line.textContent = short ? shortSum(figure, wrong, units) : fullSum(figure("maximum"), filled, left);
}

function shortSum(figure, wrong, units) {
  if (wrong) {
    return `There are more vacancies than ${units.many}.`;
  }
  const left = figure("maximum") - figure("accepting");
  return units.one === "person"
    ? `${beds(left, "place is", "places are")} taken or not available.`
    : `${beds(left, "bed is", "beds are")} in use or not available.`;
}

function fullSum(maximum, filled, left) {
  if (left > 0) {
    return `Adds up to ${filled} of ${maximum}: say what the other ${beds(left, "bed is", "beds are")}.`;
  }
  if (left < 0) {
    return `Adds up to ${filled}, which is ${beds(-left, "bed", "beds")} more than the maximum of ${maximum}.`;
  }
  return `Adds up: ${filled} of ${maximum}.`;
}

// Without closed beds there is nothing to give a reason for.
function showReason(bed, closed) {
  const reason = bed.querySelector("[data-reason]");
  if (reason) {
    reason.hidden = closed === 0;
  }
}

function beds(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}
