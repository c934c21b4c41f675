// Looks again, every two seconds, at a page that shows how far something is; shows it anew when it is over.
const SECONDS = 2;

export function startPolling() {
  const shown = document.querySelector("[data-poll]");
  if (shown) setTimeout(look, SECONDS * 1000, shown);
}

async function look(shown) {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-poll]");
      if (!fresh) {
        location.replace(location.pathname);
        return;
      }
      if (fresh.innerHTML !== shown.innerHTML) shown.innerHTML = fresh.innerHTML;
    }
  } catch {
    // Away for a moment: the next look may find it again.
  }
  setTimeout(look, SECONDS * 1000, shown);
}
