// Requests: one at a time, after a pause, with 429 waited out. Whoever types costs nothing.
const PAUSE = 350;
const MOST_TRIES = 6;
const LONGEST_WAIT = 60;
const key = {
  get value() { try { return sessionStorage.getItem("x-api-key") || ""; } catch { return key.kept; } },
  set value(text) { key.kept = text; try { sessionStorage.setItem("x-api-key", text); } catch { /* kept for this page */ } },
  kept: "",
};
const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// The answer to a request; `body` is called at each try, so that a try after a wait is up to date.
async function send(path, body, waiting) {
  for (let tries = 1; ; tries++) {
    const text = body && JSON.stringify(body());
    const headers = { ...(text && { "content-type": "application/json" }), ...(key.value && { "x-api-key": key.value }) };
    const response = await fetch(path, { method: text ? "POST" : "GET", headers, body: text });
    if (response.status !== 429 || tries === MOST_TRIES) {
      return { status: response.status, text, answer: await response.json().catch(() => ({})) };
    }
    const told = Number(response.headers.get("retry-after"));
    const seconds = Math.min(told > 0 ? told : 2 ** tries, LONGEST_WAIT);
    waiting(seconds);
    await sleep(seconds);
  }
}

// Runs `refresh` after a pause, never twice at once, and once more where something changed meanwhile.
function queue(refresh) {
  let [timer, running, again] = [0, false, false];
  const run = async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await refresh();
      }
    } finally {
      running = false;
    }
  };
  return (pause = PAUSE) => {
    clearTimeout(timer);
    timer = setTimeout(run, pause);
  };
}
