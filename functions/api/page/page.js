"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const form = document.getElementById("ask");
const byId = (id) => document.getElementById(id);
const fill = (select, values, chosen) => {
  for (const value of values) select.add(new Option(value, value, false, value === chosen));
};
fill(form.species, facts.species, facts.species.at(-1));
fill(form.soil, facts.soils, facts.soils[0]);
[form.light.min, form.light.max] = facts.light;
form.light.value = (facts.light[0] + facts.light[1]) / 2;
form.day.max = facts.lastDay;
form.day.value = facts.lastDay;
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
  const x = (day) => left + (day / facts.lastDay) * (right - left);
  const y = (percent) => bottom - (percent / 100) * (bottom - top);
  const parts = [element("text", { x: 0, y: 12 }, "dead, %")];
  for (const percent of [0, 25, 50, 75, 100]) {
    parts.push(element("line", { class: "grid", x1: left, x2: right, y1: y(percent), y2: y(percent) }));
    parts.push(element("text", { x: left - 6, y: y(percent) + 4, "text-anchor": "end" }, percent));
  }
  for (let day = 0; day <= facts.lastDay; day += 20) {
    parts.push(element("text", { x: x(day), y: bottom + 18, "text-anchor": "middle" }, day));
  }
  parts.push(element("text", { x: right, y: bottom + 34, "text-anchor": "end" }, "days after planting"));
  const points = answer.curve.map((p) => `${x(p.day)},${y(p.mortality_percent)}`).join(" ");
  parts.push(element("polyline", { class: "line", points }));
  const [low, high] = answer.interval_90;
  const at = x(answer.day);
  parts.push(element("line", { class: "bar", x1: at, x2: at, y1: y(low), y2: y(high) }));
  parts.push(element("circle", { class: "dot", cx: at, cy: y(answer.mortality_percent), r: 5 }));
  svg.replaceChildren(...parts);
}

function show(answer) {
  byId("percent").textContent = `${answer.mortality_percent.toFixed(0)} %`;
  const [low, high] = answer.interval_90;
  byId("interval").textContent = `dead by day ${answer.day}; 90 % interval ${low.toFixed(0)} to ${high.toFixed(0)} %`;
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

let asked = 0;
async function ask() {
  const mine = ++asked;
  form.lightShown.value = form.light.valueAsNumber.toFixed(3);
  const headers = { "content-type": "application/json" };
  if (form.key.value) headers["x-api-key"] = form.key.value;
  const body = { species: form.species.value, soil: form.soil.value, light: form.light.valueAsNumber, day: form.day.valueAsNumber };
  try {
    const response = await fetch("v1/predict", { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (mine !== asked) return;
    if (response.ok) return show(answer);
    if (response.status === 403) {
      byId("key").hidden = false;
      return refuse(["An API key is needed."]);
    }
    refuse(reasons(answer, response.status));
  } catch {
    if (mine === asked) refuse(["The service can't be reached."]);
  }
}
form.addEventListener("input", ask);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", () => drawn && draw(drawn));
ask();
