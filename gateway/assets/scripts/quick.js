// Quick update: keys that lead from figure to figure, sums that are seen to be right, homes marked as unsaved.

export function startQuick() {
  const form = document.querySelector("form[data-quick]");
  if (!form) {
    return;
  }
  const keys = document.querySelector("[data-keys]");
  keys.hidden = false;
  const homes = [...form.querySelectorAll("[data-home]")];
  homes.forEach(refresh);
  showTotal(form, homes);
  form.addEventListener("input", (event) => {
    const home = event.target.closest("[data-home]");
    if (!home) {
      return;
    }
    if (event.target.matches("[data-cell], select")) {
      untick(home);
    }
    refresh(home);
    showTotal(form, homes);
  });
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-cell]")) {
      event.target.select();
    }
  });
  form.addEventListener("keydown", (event) => press(event, form, keys));
  // Saving is asked for from anywhere on the page, such as from the words on what was not saved.
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey && event.key === "Enter") || (event.altKey && event.code === "KeyS")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

function press(event, form, keys) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) {
    return;
  }
  if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) {
    // Enter in a checkbox would send the whole form.
    event.preventDefault();
    return;
  }
  if (event.target.matches("[data-cell]")) {
    pressInFigure(event, form, keys);
  }
}

function pressInFigure(event, form, keys) {
  const cell = event.target;
  const moves = {
    Enter: () => below(form, cell, event.shiftKey ? -1 : 1),
    ArrowDown: () => below(form, cell, 1),
    ArrowUp: () => below(form, cell, -1),
    ArrowRight: () => (isAtEnd(cell) ? beside(cell, 1) : null),
    ArrowLeft: () => (isAtStart(cell) ? beside(cell, -1) : null),
    n: () => tickAndGoOn(form, cell),
    N: () => tickAndGoOn(form, cell),
  };
  if (event.key in moves) {
    const there = moves[event.key]();
    if (there !== null) {
      event.preventDefault();
      there.focus();
    }
  } else if (event.key === "Escape") {
    cell.value = cell.defaultValue;
    cell.dispatchEvent(new Event("input", { bubbles: true }));
    cell.select();
  } else if (event.key === "?") {
    event.preventDefault();
    keys.open = !keys.open;
    keys.scrollIntoView({ block: "nearest" });
  }
}

// Units have no cells in some columns, which are passed over.
function below(form, cell, by) {
  const column = [...form.querySelectorAll(`[data-cell=${cell.dataset.cell}]`)];
  return column[column.indexOf(cell) + by] || cell;
}

function beside(cell, by) {
  const row = [...cell.closest("[data-row]").querySelectorAll("[data-cell]")];
  return row[row.indexOf(cell) + by] || cell;
}

function isAtEnd(cell) {
  return cell.selectionEnd === cell.value.length;
}

function isAtStart(cell) {
  return cell.selectionStart === 0;
}

function tickAndGoOn(form, cell) {
  const home = cell.closest("[data-home]");
  const box = home.querySelector("[data-unchanged]");
  if (box) {
    box.checked = true;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const column = [...form.querySelectorAll(`[data-cell=${cell.dataset.cell}]`)];
  const later = column.slice(column.indexOf(cell) + 1);
  return later.find((other) => other.closest("[data-home]") !== home) || cell;
}

// Whoever changes a figure has something that changed.
function untick(home) {
  const box = home.querySelector("[data-unchanged]");
  if (box && isChanged(home)) {
    box.checked = false;
  }
}

function refresh(home) {
  home.querySelectorAll("[data-row]").forEach((row) => {
    showReason(row);
    showSum(row);
  });
  const mark = home.querySelector("[data-unsaved]");
  if (mark) {
    mark.hidden = !isUnsaved(home);
  }
}

function isUnsaved(home) {
  const ticked = [...home.querySelectorAll("[data-unchanged], [data-confirm]")].some((box) => box.checked);
  return ticked || isChanged(home);
}

function isChanged(home) {
  return [...home.querySelectorAll("[data-row]")].some(
    (row) => asShown(row) !== row.querySelector("[data-was]").value,
  );
}

// The same text as the server makes of a bed type's figures.
function asShown(row) {
  const value = (name) => (row.querySelector(`[data-cell=${name}]`)?.value || "").trim();
  const closed = value("closed");
  const reason = closed === "" || closed === "0" ? "" : row.querySelector("select")?.value || "";
  const numbers = ["occupied", "reserved", "accepting", "closed", "maximum"].map(value);
  return [...numbers, reason].join(",");
}

function number(row, name) {
  const value = Number.parseInt(row.querySelector(`[data-cell=${name}]`)?.value, 10);
  return Number.isFinite(value) ? value : 0;
}

// Without closed beds there is nothing to give a reason for.
function showReason(row) {
  const reason = row.querySelector("[data-reason]");
  if (reason) {
    reason.classList.toggle("app-quick__reason--none", number(row, "closed") === 0);
  }
}

function showSum(row) {
  const line = row.querySelector("[data-sum]");
  const isEmpty = row.querySelector("[data-cell=maximum]").value.trim() === "";
  const isShort = !row.querySelector("[data-cell=occupied]");
  const filled = ["occupied", "reserved", "accepting", "closed"].reduce((sum, name) => sum + number(row, name), 0);
  const left = number(row, "maximum") - filled;
  const isWrong = !isEmpty && (isShort ? left < 0 : left !== 0);
  row.classList.toggle("app-quick__row--wrong", isWrong);
  line.textContent = isEmpty ? "" : sumInWords(filled, left, isWrong);
}

function sumInWords(filled, left, isWrong) {
  if (!isWrong) {
    return "✓ adds up";
  }
  return left > 0 ? `${filled}: ${left} too few` : `${filled}: ${-left} too many`;
}

function showTotal(form, homes) {
  const unsaved = homes.filter(isUnsaved).length;
  const wrong = form.querySelectorAll(".app-quick__row--wrong").length;
  const total = form.querySelector("[data-total]");
  const words = [];
  if (unsaved) {
    words.push(`${unsaved} to save`);
  }
  if (wrong) {
    words.push(`${wrong} ${wrong === 1 ? "does" : "do"} not add up`);
  }
  const said = words.join(", ");
  if (said || total.dataset.said) {
    total.dataset.said = said;
    total.textContent = said;
  }
}
