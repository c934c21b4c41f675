// Which forms somebody would lose something in, and whether there is anything to lose.
//
// Every form that is sent by POST and has something to fill in takes part, with no attribute at all.
// data-warn-unsaved="no" takes one out: signing in, codes, passwords.
// data-already-changed says that a form holds what is not saved from the start. A form shown again in
// answer to itself (refused, stale, "are you sure?" and back) counts as such by itself, unless data-saved says
// that all of it has been saved.

const NOT_FILLED_IN = new Set(["hidden", "submit", "button", "reset", "image", "fieldset", "output"]);
const OF_THE_PAGE = new Set(["csrf_token", "version"]);

export function takesPart(form) {
  if (form.dataset.warnUnsaved === "no") {
    return false;
  }
  const isKnown = form.hasAttribute("data-already-changed") || isShownAgain(form);
  return isKnown || [...form.elements].some(isFillable);
}

export function markChanged(form) {
  if (isShownAgain(form)) {
    form.setAttribute("data-already-changed", "");
  }
}

// Compared with what the page came with, not with what a browser put back into it.
export function isChanged(form) {
  return form.hasAttribute("data-already-changed") || [...form.elements].some(differs);
}

export function isFillable(field) {
  return Boolean(field.name) && !field.disabled && !NOT_FILLED_IN.has(field.type);
}

export function addressOf(form) {
  return new URL(form.getAttribute("action") || "", document.baseURI).pathname;
}

// What a form is based on: a version, or what the only thing in it was.
export function isVersion(field) {
  return field.type === "hidden" && /^(was|seen|(.*\.)?version)$/.test(field.name);
}

function isShownAgain(form) {
  if (form.hasAttribute("data-saved")) {
    return false;
  }
  const answersItself = document.body.hasAttribute("data-answers-form") && addressOf(form) === location.pathname;
  const holdsSomething = (field) => isFillable(field) || (field.type === "hidden" && !OF_THE_PAGE.has(field.name));
  return answersItself && [...form.elements].some(holdsSomething);
}

export function differs(field) {
  if (!isFillable(field)) {
    return false;
  }
  if (field.type === "checkbox" || field.type === "radio") {
    return field.checked !== field.defaultChecked;
  }
  if (field.type === "select-multiple") {
    return [...field.options].some((option) => option.selected !== option.defaultSelected);
  }
  if (field.type === "select-one") {
    const atFirst = [...field.options].findIndex((option) => option.defaultSelected);
    return field.options.length > 0 && field.selectedIndex !== Math.max(0, atFirst);
  }
  return field.value !== field.defaultValue;
}
