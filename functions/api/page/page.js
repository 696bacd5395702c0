"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const form = document.getElementById("inputs");
const byId = (id) => document.getElementById(id);
const make = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
// One control for each input: a list of levels, or a slider over the range seen in training.
const controls = facts.inputs.map((input) => {
  if (input.levels) {
    return make("select", { name: input.name }, ...input.levels.map((level) => new Option(level, level)));
  }
  const [min, max] = input.seen;
  return make("input", { name: input.name, type: "range", step: "any", min, max, value: (min + max) / 2 });
});
const shown = new Map();
controls.forEach((control, i) => {
  const label = make("label", {}, facts.inputs[i].name, " ");
  if (!facts.inputs[i].levels) {
    shown.set(control, make("output"));
    label.append(shown.get(control), " ");
  }
  label.append(control);
  form.insertBefore(label, byId("time").parentElement);
});
const time = byId("time");
byId("timeName").textContent = `By ${facts.time}`;
time.max = facts.horizon;
time.value = facts.horizon;
const percentOf = (answer) => answer[`${facts.outcome}_percent`];
byId("simulated").hidden = facts.data !== "simulated";
byId("trial").hidden = facts.data !== "published";
byId("version").textContent = facts.version;

const element = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

let drawn = null;
function draw(answer) {
  drawn = answer;
  const svg = byId("curve");
  // Drawn at the width it has, so that its letters keep their size on a phone.
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const [left, right, top, bottom] = [40, width - 12, 24, height - 40];
  const x = (day) => left + (day / facts.horizon) * (right - left);
  const y = (percent) => bottom - (percent / 100) * (bottom - top);
  const parts = [element("text", { x: 0, y: 12 }, `${facts.outcome}, %`)];
  for (const percent of [0, 25, 50, 75, 100]) {
    parts.push(element("line", { class: "grid", x1: left, x2: right, y1: y(percent), y2: y(percent) }));
    parts.push(element("text", { x: left - 6, y: y(percent) + 4, "text-anchor": "end" }, percent));
  }
  for (let day = 0; day <= facts.horizon; day += facts.horizon / 5) {
    parts.push(element("text", { x: x(day), y: bottom + 18, "text-anchor": "middle" }, Math.round(day)));
  }
  parts.push(element("text", { x: right, y: bottom + 34, "text-anchor": "end" }, facts.time));
  const points = answer.curve.map((p) => `${x(p[facts.time])},${y(percentOf(p))}`).join(" ");
  parts.push(element("polyline", { class: "line", points }));
  const [low, high] = answer.interval_90;
  const at = x(answer[facts.time]);
  parts.push(element("line", { class: "bar", x1: at, x2: at, y1: y(low), y2: y(high) }));
  parts.push(element("circle", { class: "dot", cx: at, cy: y(percentOf(answer)), r: 5 }));
  svg.replaceChildren(...parts);
}

function show(answer) {
  byId("percent").textContent = `${percentOf(answer).toFixed(0)} %`;
  const [low, high] = answer.interval_90;
  byId("interval").textContent = `${facts.outcome} by ${facts.time} ${answer[facts.time]}; 90 % interval ${low.toFixed(0)} to ${high.toFixed(0)} %`;
  byId("warnings").replaceChildren(...answer.warnings.map(item));
  draw(answer);
}

const item = (text) => Object.assign(document.createElement("li"), { textContent: text });

function refuse(sentences) {
  byId("percent").textContent = "–";
  byId("interval").textContent = "";
  byId("warnings").replaceChildren(...sentences.map(item));
  drawn = null;
  byId("curve").replaceChildren();
}

// A gateway's own refusal is no problem document: it has a message and no errors.
function reasons(answer, status) {
  const faults = (answer.errors || []).map((e) => `${e.field}: ${e.rule}; ${[e.allowed].flat().join(", ")}`);
  return faults.length ? faults : [answer.detail || answer.message || `The service answered ${status}.`];
}

let latest = 0;
async function predict() {
  const mine = ++latest;
  for (const [control, output] of shown) output.value = control.valueAsNumber.toPrecision(3);
  const headers = { "content-type": "application/json" };
  if (form.key.value) headers["x-api-key"] = form.key.value;
  const body = { [facts.time]: time.valueAsNumber };
  for (const control of controls) body[control.name] = control.type === "range" ? control.valueAsNumber : control.value;
  try {
    const response = await fetch("v1/predict", { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (mine !== latest) return;
    if (response.ok) return show(answer);
    if (response.status === 403) {
      byId("key").hidden = false;
      return refuse(["An API key is needed."]);
    }
    refuse(reasons(answer, response.status));
  } catch {
    if (mine === latest) refuse(["The service can't be reached."]);
  }
}
form.addEventListener("input", predict);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", () => drawn && draw(drawn));
predict();
