// While a password is typed: tick what it already has, and say what the service would say about it.

const SHORTEST = 10;
const SERVICE = "capacitytracker";
const WAIT_MS = 500;

export function startPasswords() {
  const rules = document.querySelector("[data-password-rules]");
  const input = document.querySelector("[data-judged]");
  if (!rules || !input) {
    return;
  }
  const hint = hintBelow(input);
  rules.querySelectorAll("[data-rule]").forEach(addSaid);
  let timer = 0;
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    const password = input.value;
    tick(rules, seen(password, rules.dataset.name || ""));
    if (password.length < SHORTEST) {
      hint.textContent = "";
      return;
    }
    timer = setTimeout(async () => {
      const judged = await judge(rules, password);
      if (judged && mine === asked) {
        hint.textContent = judged.acceptable ? "This is a good password." : judged.words || "";
        hint.classList.toggle("app-judged--good", judged.acceptable);
        if (judged.acceptable) {
          tick(rules, { length: true, name: true, email: true, service: true, common: true });
        }
      }
    }, WAIT_MS);
  });
}

// What can be told without asking; whether it is common or holds the address, only the service knows.
function seen(password, name) {
  const plain = squashed(password);
  const parts = name.split(/[^\p{L}]+/u).map(squashed).filter((part) => part.length > 3);
  const some = password !== "";
  return {
    length: [...password].length >= SHORTEST,
    name: some && parts.length > 0 && !parts.some((part) => plain.includes(part)),
    service: some && !plain.includes(SERVICE),
  };
}

// The tick is for the eye; this is for the ear.
function addSaid(rule) {
  const said = document.createElement("span");
  said.className = "nhsuk-u-visually-hidden app-rules__said";
  rule.append(said);
}

function squashed(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

function tick(rules, kept) {
  rules.querySelectorAll("[data-rule]").forEach((rule) => {
    const isKept = Boolean(kept[rule.dataset.rule]);
    rule.classList.toggle("app-rules__kept", isKept);
    rule.querySelector(".app-rules__said").textContent = isKept ? " – done" : "";
  });
}

function hintBelow(input) {
  const hint = document.createElement("p");
  hint.className = "app-judged";
  hint.setAttribute("role", "status");
  hint.id = `${input.id}-judged`;
  input.closest(".nhsuk-form-group").append(hint);
  return hint;
}

// No answer is no hint: the service judges again when the form is sent.
async function judge(rules, password) {
  const body = new URLSearchParams({ csrf_token: rules.dataset.token, new_password: password });
  if (rules.dataset.linkToken) {
    body.set("link_token", rules.dataset.linkToken);
  }
  try {
    const answer = await fetch(rules.dataset.judge, { method: "POST", body, redirect: "error" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
