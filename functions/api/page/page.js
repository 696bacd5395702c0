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
byId("version").textContent = facts.version;

const element = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

function draw(answer) {
  const svg = byId("curve");
  const x = (day) => 40 + (day / facts.lastDay) * 585;
  const y = (percent) => 245 - (percent / 100) * 230;
  const parts = [];
  for (const percent of [0, 25, 50, 75, 100]) {
    parts.push(element("line", { class: "grid", x1: 40, x2: 625, y1: y(percent), y2: y(percent) }));
    parts.push(element("text", { x: 34, y: y(percent) + 4, "text-anchor": "end" }, percent));
  }
  for (let day = 0; day <= facts.lastDay; day += 20) {
    parts.push(element("text", { x: x(day), y: 264, "text-anchor": "middle" }, day));
  }
  parts.push(element("text", { x: 625, y: 278, "text-anchor": "end" }, "days after planting"));
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
}

let asked = 0;
async function ask() {
  const mine = ++asked;
  form.lightShown.value = Number(form.light.value).toFixed(3);
  const headers = { "content-type": "application/json" };
  if (form.key.value) headers["x-api-key"] = form.key.value;
  const body = { species: form.species.value, soil: form.soil.value, light: Number(form.light.value), day: Number(form.day.value) };
  try {
    const response = await fetch("v1/predict", { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (mine !== asked) return;
    if (response.ok) return show(answer);
    if (response.status === 403) return refuse(["An API key is needed."]);
    refuse((answer.errors || []).map((e) => `${e.field}: ${e.rule}; ${e.allowed}`));
  } catch {
    if (mine === asked) refuse(["The service can't be reached."]);
  }
}
form.addEventListener("input", ask);
form.addEventListener("submit", (event) => event.preventDefault());
ask();
