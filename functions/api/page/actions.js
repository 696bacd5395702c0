// What can be done with an answer: copy its link, keep it as CSV, print it.
function csv() {
  const quote = (value) => (/[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  const names = facts.inputs.map((each) => each.name);
  const inputs = names.map((name) => shown.inputs[name]);
  const rows = points().map(({ at, percent, low, high }) => [...inputs, at, percent, low, high]);
  const lines = [[...names, facts.time, facts.percent, "interval_90_low", "interval_90_high"], ...rows];
  return lines.map((line) => line.map(quote).join(",")).join("\r\n") + "\r\n";
}

function buildActions() {
  const button = (text, action) => make("button", { type: "button", textContent: text, onclick: action });
  const done = make("span", { role: "status" });
  const copy = button(words().copy, async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      done.textContent = words().copied;
    } catch {
      prompt(words().copy, location.href);
    }
  });
  const download = button(words().csv, () => {
    if (!shown) return;
    const href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
    make("a", { href, download: `${facts.percent}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  });
  byId("actions").replaceChildren(copy, download, button(words().print, () => print()), done);
}
