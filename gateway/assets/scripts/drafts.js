// What somebody enters is kept in the browser until it is saved, and offered when the form is opened again.
//
// A draft is kept under the person (a name that tells nobody who it is) and the form's address, with the
// version that the form was based on: what was saved meanwhile is found out when the draft is (B10). It goes
// when it is saved, thrown away or a day old, and when its person signs out. Where nothing may be stored,
// nothing is offered, and everything else works. data-no-draft keeps a form or a field out of it, and
// data-called="figures" says what is entered.
import { addressOf, differs, isChanged, isFillable, isVersion } from "./unsaved.js";

const PREFIX = "draft:";
const SIGNING_OUT = "signing-out";
const LIFE_MS = 24 * 60 * 60 * 1000;
const WAIT_MS = 400;
const MOST_LETTERS = 512 * 1024;
const SECRET_TYPES = new Set(["password", "file"]);
const SECRET_NAMES = /^(csrf_token|secret)$|password|token/i;

export function startDrafts(forms) {
  const person = document.body.dataset.person || "";
  forgetOld();
  forgetSignedOut(person);
  forgetSaved(person);
  const kept = person && canStore() ? forms.filter((form) => !form.hasAttribute("data-no-draft")) : [];
  const taken = {};
  kept.forEach((form) => {
    const key = `${keyOf(person, addressOf(form))}${subjectOf(form)}`;
    taken[key] = (taken[key] || 0) + 1;
    // Several forms of a page may be sent to one address.
    keepDraft(form, taken[key] > 1 ? `${key}#${taken[key]}` : key);
  });
  document.documentElement.toggleAttribute("data-keeps-drafts", kept.length > 0);
}

function keyOf(person, address) {
  return `${PREFIX}${person}:${address}`;
}

// What a form is about, where its address does not say.
function subjectOf(form) {
  const about = [...form.elements].filter((field) => field.type === "hidden" && /^(id|code)$/.test(field.name));
  return about.map((field) => `?${field.name}=${field.value}`).join("");
}

function keepDraft(form, key) {
  if (form.hasAttribute("data-saved")) {
    remove(key);
  }
  const earlier = form.hasAttribute("data-already-changed") ? null : read(key);
  let timer = 0;
  let isBehind = form.hasAttribute("data-already-changed");
  const store = () => {
    clearTimeout(timer);
    if (isBehind) {
      isBehind = false;
      if (isChanged(form)) {
        write(key, { at: Date.now(), versions: versionsOf(form), fields: changedOf(form) });
      } else {
        remove(key);
      }
    }
  };
  const later = () => {
    isBehind = true;
    clearTimeout(timer);
    timer = setTimeout(store, WAIT_MS);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", store);
  window.addEventListener("pagehide", store);
  document.addEventListener("visibilitychange", store);
  if (earlier) {
    offer(form, key, earlier);
  }
  store();
}

function offer(form, key, draft) {
  const now = fieldsOf(form);
  const known = Object.keys(draft.fields).filter((name) => name in now);
  if (!known.length) {
    return;
  }
  const lacks = known.length < Object.keys(draft.fields).length;
  if (!lacks && known.every((name) => String(draft.fields[name]) === String(now[name]))) {
    remove(key);
    return;
  }
  const what = form.dataset.called || "changes";
  const inset = document.createElement("section");
  inset.className = "nhsuk-inset-text app-draft";
  inset.setAttribute("aria-label", "Not saved yet");
  inset.append(paragraph(`You entered ${what} here ${moment(draft.at)} and did not save them.`, "strong"));
  if (hasMoved(form, draft)) {
    inset.append(
      paragraph(
        "Something has been saved here since. If you put yours back and save, you are first shown what " +
          "has changed. Nothing is overwritten unseen.",
      ),
    );
  }
  if (lacks) {
    inset.append(paragraph("Part of it is no longer on this page, and cannot be put back."));
  }
  const actions = document.createElement("div");
  actions.className = "app-actions";
  actions.append(
    button("Put them back", "nhsuk-button nhsuk-button--secondary", () => {
      putBack(form, draft);
      say(inset, "Put back. Nothing is saved until you save it below.");
    }),
    button("Throw them away", "app-link-button", () => {
      remove(key);
      say(inset, "Thrown away.");
    }),
  );
  inset.append(actions);
  form.before(inset);
}

function putBack(form, draft) {
  const rows = rowsOf(form);
  const seen = {};
  [...form.elements].forEach((field) => {
    const name = nameOf(field, rows);
    if (isVersion(field) && name in draft.versions) {
      // What was saved since is compared when this is saved.
      field.value = draft.versions[name];
    } else if (isKept(field) && name in draft.fields) {
      seen[name] = (seen[name] || 0) + 1;
      fill(field, draft.fields[name], seen[name] - 1);
    }
  });
  form.setAttribute("data-already-changed", "");
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function fill(field, values, at) {
  const before = valuesOf(field).join();
  if (field.type === "checkbox" || field.type === "radio") {
    field.checked = values.includes(field.value);
  } else if (field.type === "select-multiple") {
    [...field.options].forEach((option) => {
      option.selected = values.includes(option.value);
    });
  } else if (at < values.length) {
    field.value = values[at];
  }
  const folded = field.closest("details");
  if (folded && valuesOf(field).join() !== before) {
    folded.open = true;
  }
}

function hasMoved(form, draft) {
  const now = versionsOf(form);
  return Object.keys(draft.versions).some((name) => name in now && now[name] !== draft.versions[name]);
}

function fieldsOf(form) {
  const rows = rowsOf(form);
  const found = {};
  [...form.elements].filter(isKept).forEach((field) => {
    const name = nameOf(field, rows);
    found[name] = [...(found[name] || []), ...valuesOf(field)];
  });
  return found;
}

function versionsOf(form) {
  const rows = rowsOf(form);
  return Object.fromEntries([...form.elements].filter(isVersion).map((field) => [nameOf(field, rows), field.value]));
}

// Only what somebody changed: the rest may be newer at the next visit. Of a form that was shown again nobody
// knows any more what that was.
function changedOf(form) {
  const all = fieldsOf(form);
  if (form.hasAttribute("data-already-changed")) {
    return all;
  }
  const rows = rowsOf(form);
  const changed = [...form.elements].filter(isKept).filter(differs);
  return Object.fromEntries(changed.map((field) => [nameOf(field, rows), all[nameOf(field, rows)]]));
}

// Rows are known by what they are about, by the first hidden field in them ("homes.0" by the home, within it
// "homes.0.rows.1" by the bed type), as their order may be another at the next visit.
function rowsOf(form) {
  const rows = {};
  [...form.elements].forEach((field) => {
    const parts = field.type === "hidden" && !isVersion(field) && /^(.*\.\d+)\.[^.]+$/.exec(field.name);
    if (parts && !(parts[1] in rows)) {
      rows[parts[1]] = field.value;
    }
  });
  return rows;
}

function nameOf(field, rows) {
  const parts = field.name.split(".");
  return parts.map((part, at) => rows[parts.slice(0, at + 1).join(".")] ?? part).join(".");
}

function isKept(field) {
  const isCode = field.autocomplete === "one-time-code";
  const isSecret = isCode || SECRET_TYPES.has(field.type) || SECRET_NAMES.test(field.name);
  return isFillable(field) && !isSecret && !field.hasAttribute("data-no-draft");
}

function valuesOf(field) {
  if (field.type === "checkbox" || field.type === "radio") {
    return field.checked ? [field.value] : [];
  }
  if (field.type === "select-multiple") {
    return [...field.selectedOptions].map((option) => option.value);
  }
  return [field.value];
}

// When drafts go

function forgetOld() {
  keys().forEach((key) => {
    const draft = read(key);
    if (!draft || Date.now() - draft.at > LIFE_MS) {
      remove(key);
    }
  });
}

// The service says which form it has saved: only it knows.
function forgetSaved(person) {
  const told = /(?:^|; )((?:__Host-)?saved)=([^;]*)/.exec(document.cookie);
  if (!told || !person) {
    return;
  }
  const saved = keyOf(person, decodeURIComponent(told[2]));
  keys()
    .filter((key) => key === saved || key.startsWith(`${saved}#`) || key.startsWith(`${saved}?`))
    .forEach(remove);
  document.cookie = `${told[1]}=; path=/; max-age=0; samesite=lax${told[1] === "saved" ? "" : "; secure"}`;
}

// Somebody who stays on the page after all keeps the drafts.
function forgetSignedOut(person) {
  const leaving = guarded(() => sessionStorage.getItem(SIGNING_OUT));
  guarded(() => sessionStorage.removeItem(SIGNING_OUT));
  if (leaving && !person) {
    keys()
      .filter((key) => key.startsWith(`${PREFIX}${leaving}:`))
      .forEach(remove);
  }
  document.querySelectorAll("form[action='/sign-out']").forEach((form) => {
    form.addEventListener("submit", () => guarded(() => sessionStorage.setItem(SIGNING_OUT, person)));
  });
}

// The browser's storage, which may be full or forbidden

function guarded(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

function canStore() {
  const probe = `${PREFIX}probe`;
  return Boolean(
    guarded(() => {
      localStorage.setItem(probe, "1");
      localStorage.removeItem(probe);
      return true;
    }),
  );
}

function keys() {
  return guarded(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) || [];
}

function read(key) {
  const draft = guarded(() => JSON.parse(localStorage.getItem(key)));
  const isWhole = draft && typeof draft.at === "number" && draft.fields && draft.versions;
  return isWhole ? draft : null;
}

function write(key, draft) {
  const text = JSON.stringify(draft);
  remove(key);
  if (text.length <= MOST_LETTERS) {
    guarded(() => localStorage.setItem(key, text));
  }
}

function remove(key) {
  guarded(() => localStorage.removeItem(key));
}

// Words

function moment(at) {
  const then = new Date(at);
  const hour = then.getHours();
  const time = `${hour % 12 || 12}:${String(then.getMinutes()).padStart(2, "0")}${hour < 12 ? "am" : "pm"}`;
  return then.toDateString() === new Date().toDateString() ? `at ${time}` : `yesterday at ${time}`;
}

function paragraph(words, within = "span") {
  const made = document.createElement("p");
  const said = document.createElement(within);
  said.textContent = words;
  made.append(said);
  return made;
}

function button(words, className, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = words;
  made.addEventListener("click", action);
  return made;
}

function say(inset, words) {
  const said = paragraph(words);
  inset.replaceChildren(said);
  said.setAttribute("role", "status");
  said.setAttribute("tabindex", "-1");
  said.focus();
}
