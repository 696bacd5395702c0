"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const form = document.getElementById("inputs");
const byId = (id) => document.getElementById(id);
const make = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const say = (text) => text?.en ?? "";
document.title = say(facts.study.title);
byId("title").textContent = say(facts.study.title);
byId("summary").textContent = say(facts.study.summary);
byId("limits").textContent = say(facts.study.limits);
// One control for each input: a list of levels, or a slider over the range seen in training.
const shown = new Map();
const controls = facts.inputs.map((input) => {
  const label = make("label", {}, say(input.label), " ");
  let control;
  if (input.kind === "factor") {
    const options = input.levels.map((level) => new Option(say(level.label), level.name));
    control = make("select", { name: input.name }, ...options);
  } else {
    const [min, max] = input.seen;
    const value = input.stops[0]?.value ?? (min + max) / 2;
    control = make("input", { name: input.name, type: "range", step: "any", min, max, value });
    shown.set(control, make("output"));
    label.append(shown.get(control), " ");
  }
  label.append(control);
  form.insertBefore(label, byId("time").parentElement);
  return control;
});
const time = byId("time");
byId("timeName").textContent = `By ${say({ en: facts.unit.en.one })}`;
time.max = facts.horizon;
time.value = facts.horizon;
const percentOf = (answer) => answer[facts.percent];
byId("simulated").hidden = facts.data !== "simulated";
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
  const parts = [element("text", { x: 0, y: 12 }, `${say(facts.study.outcome_label)}, %`)];
  for (const percent of [0, 25, 50, 75, 100]) {
    parts.push(element("line", { class: "grid", x1: left, x2: right, y1: y(percent), y2: y(percent) }));
    parts.push(element("text", { x: left - 6, y: y(percent) + 4, "text-anchor": "end" }, percent));
  }
  for (let day = 0; day <= facts.horizon; day += facts.horizon / 5) {
    parts.push(element("text", { x: x(day), y: bottom + 18, "text-anchor": "middle" }, Math.round(day)));
  }
  parts.push(element("text", { x: right, y: bottom + 34, "text-anchor": "end" }, facts.unit.en.many));
  // Where subjects were seen at visits only, the share stays what it was until the next one.
  const points = answer.curve.flatMap((p, i) => {
    const here = [[p[facts.time], percentOf(p)]];
    return facts.steps && i ? [[p[facts.time], percentOf(answer.curve[i - 1])], ...here] : here;
  });
  parts.push(element("polyline", { class: "line", points: points.map(([at, percent]) => `${x(at)},${y(percent)}`).join(" ") }));
  const [low, high] = answer.interval_90;
  const at = x(answer[facts.time]);
  parts.push(element("line", { class: "bar", x1: at, x2: at, y1: y(low), y2: y(high) }));
  parts.push(element("circle", { class: "dot", cx: at, cy: y(percentOf(answer)), r: 5 }));
  svg.replaceChildren(...parts);
}

function interval(answer) {
  const range = ([low, high]) => `${low.toFixed(0)} to ${high.toFixed(0)} %`;
  const stand = answer.stand_interval_90;
  const one = stand ? `; ${say(facts.study.stand)}: ${range(stand)}` : "";
  return `${say(facts.study.answer)} by ${facts.unit.en.one} ${answer[facts.time]}; on average ${range(answer.interval_90)}${one}`;
}

function show(answer) {
  byId("percent").textContent = `${percentOf(answer).toFixed(0)} %`;
  byId("interval").textContent = interval(answer);
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
