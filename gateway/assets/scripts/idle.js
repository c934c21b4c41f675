// Two minutes before a session ends for want of use, ask whether to stay signed in; then lead to the sign-in
// page, from where the way goes back to this one. All tabs of the browser share the session and its end.

const WARN_SECONDS = 120;
const SAY_AT_SECONDS = [60, 30];
const KEEPS_DRAFTS =
  "What you have entered on this page is kept in this browser for a day, and offered to you when you come back.";
const KEY = "session-ends-at";
const ENDED = 0;
const UNREACHABLE = -1;

export function startIdle() {
  const dialog = document.getElementById("idle");
  if (!dialog || typeof dialog.showModal !== "function") {
    return;
  }
  const session = sharedEnd(Number(dialog.dataset.secondsLeft));
  const view = warningIn(dialog);
  const failed = dialog.querySelector("[data-idle-failed]");
  if (document.documentElement.hasAttribute("data-keeps-drafts")) {
    dialog.querySelector("[data-idle-unsaved]").textContent = KEEPS_DRAFTS;
  }
  const stay = async () => {
    const left = await keep(dialog.dataset.token);
    failed.hidden = left !== UNREACHABLE;
    if (left === UNREACHABLE) {
      return;
    }
    if (left === ENDED) {
      leave(dialog.dataset.token);
      return;
    }
    session.endsIn(left);
    view.isLast = left <= WARN_SECONDS;
    tick();
  };
  const tick = () => {
    const left = session.secondsLeft();
    if (left <= 0) {
      clearInterval(timer);
      leave(dialog.dataset.token);
    } else if (left > WARN_SECONDS) {
      view.close();
    } else {
      view.show(left);
    }
  };
  dialog.querySelector("[data-idle-stay]").addEventListener("click", stay);
  dialog.querySelector("[data-idle-out]").addEventListener("click", () => signOut());
  // Escape is somebody who is there.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });
  window.addEventListener("storage", tick);
  document.addEventListener("visibilitychange", tick);
  const timer = setInterval(tick, 1000);
  tick();
}

// The end of the session as the tab knows it that was used last; by the clock, which goes on while a
// computer sleeps.
function sharedEnd(secondsLeft) {
  let own = 0;
  const endsIn = (seconds) => {
    own = Date.now() + seconds * 1000;
    try {
      localStorage.setItem(KEY, String(own));
    } catch {
      // Where nothing may be stored, each tab counts for itself.
    }
  };
  const secondsLeft_ = () => {
    let end = own;
    try {
      end = Number(localStorage.getItem(KEY)) || own;
    } catch {
      end = own;
    }
    return Math.ceil((end - Date.now()) / 1000);
  };
  endsIn(secondsLeft);
  return { endsIn, secondsLeft: secondsLeft_ };
}

function warningIn(dialog) {
  const shown = dialog.querySelector("[data-idle-left]");
  const said = dialog.querySelector("[data-idle-said]");
  const title = document.title;
  let toSay = [];
  return {
    isLast: false,
    show(left) {
      if (!dialog.open) {
        toSay = SAY_AT_SECONDS.filter((at) => at < left);
        said.textContent = "";
        dialog.showModal();
      }
      shown.textContent = inWords(left);
      document.title = `Signing out soon – ${title}`;
      // Each second would be a torment to listen to.
      if (toSay.length && left <= toSay[0]) {
        toSay = toSay.filter((at) => at < left);
        said.textContent = `You will be signed out in ${inWords(left)}.`;
      }
      if (this.isLast) {
        const stay = dialog.querySelector("[data-idle-stay]");
        stay.hidden = true;
        dialog.querySelector("#idle-words").firstChild.textContent =
          "A session lasts at most 12 hours. You will be signed out in ";
      }
    },
    close() {
      if (dialog.open) {
        dialog.close();
        document.title = title;
      }
    },
  };
}

function inWords(seconds) {
  if (seconds > 60) {
    const minutes = Math.floor(seconds / 60);
    const rest = seconds % 60;
    const whole = `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
    return rest ? `${whole} ${rest} ${rest === 1 ? "second" : "seconds"}` : whole;
  }
  return seconds === 60 ? "1 minute" : `${seconds} ${seconds === 1 ? "second" : "seconds"}`;
}

// Says how many seconds there are now, that the session has ended already, or that nobody answered.
async function keep(token) {
  try {
    const answer = await post("/session/keep", token);
    if (answer.status >= 500) {
      return UNREACHABLE;
    }
    return answer.status === 204 ? Number(answer.headers.get("X-Seconds-Left")) : ENDED;
  } catch {
    return UNREACHABLE;
  }
}

function post(address, token) {
  const body = new URLSearchParams({ csrf_token: token });
  return fetch(address, { method: "POST", body, redirect: "manual", keepalive: true });
}

// Signed out for certain, and only then away: a session that lives a moment longer than this page thinks
// would lead straight back to it.
async function leave(token) {
  document.documentElement.setAttribute("data-session-over", "");
  try {
    await post("/sign-out", token);
  } catch {
    // Without a connection there is no page to come either; the session ends by itself.
  }
  const back = encodeURIComponent(location.pathname + location.search);
  location.replace(`/sign-in?next=${back}&idle=1`);
}

function signOut() {
  document.documentElement.setAttribute("data-session-over", "");
  document.querySelector("form[action='/sign-out']").requestSubmit();
}
