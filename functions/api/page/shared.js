"use strict";
// What every page needs: elements, the reader's language, figures as that language writes them.
const byId = (id) => document.getElementById(id);
const make = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const facts = JSON.parse(byId("facts").textContent);
// Names of inputs have no dot, so these can't meet one.
const [LANGUAGE, START, COMPARED] = [".lang", ".start", ".compare"];
const state = new Map();

const language = () => state.get(LANGUAGE);
const say = (text) => text?.[language()] ?? text?.en ?? Object.values(text ?? {})[0] ?? "";
const words = () => TEXTS[language()];
// "en" alone would write dates as in one country.
const locale = () => navigator.languages?.find((each) => each.startsWith(language())) ?? language();
const format = (value, digits = 6) => value.toLocaleString(locale(), { maximumFractionDigits: digits });
const oneOrMany = (nouns, count) => say(Object.fromEntries(Object.entries(nouns ?? {}).map(([each, noun]) => [each, count === 1 ? noun.one : noun.many])));
const unit = (count) => oneOrMany(facts.unit, count);
const oneUnit = () => unit(1);
const isDays = facts.time === "day";
const timeText = (time) => (isDays ? `${oneUnit()} ${format(time)}` : `${format(time)} ${unit(time)}`);
const levelLabel = (level) => {
  const label = say(level.label) || level.name;
  return label === level.name ? label : `${label} (${level.name})`;
};
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
// A number input as people read it: times its factor, without the noise of the multiplication.
const toShown = (input, value) => (input.display ? Number((value * input.display.factor).toPrecision(12)) : value);
const fromShown = (input, value) => (input.display ? Number((value / input.display.factor).toPrecision(12)) : value);
const unitOf = (input) => say(input.display?.unit ?? input.unit);
const descriptionOf = (input) => say(input.display?.description ?? input.description);
const seenText = (input) => words().range(...input.seen.map((end) => format(toShown(input, end)))) + (unitOf(input) ? ` ${unitOf(input)}` : "");

// From the address, else as it was, else the browser's.
function readLanguage() {
  const given = new URLSearchParams(location.hash.slice(1)).get(LANGUAGE);
  const browser = (navigator.languages ?? [navigator.language]).map((each) => each.slice(0, 2)).find((each) => each in TEXTS);
  state.set(LANGUAGE, given in TEXTS ? given : state.get(LANGUAGE) ?? browser ?? "en");
}

// `chosen` is called once the language is another.
function buildLanguages(chosen) {
  document.documentElement.lang = language();
  byId("simulated").textContent = words().simulated;
  byId("simulated").hidden = facts.data.source !== "simulated";
  byId("languages").replaceChildren(...Object.keys(TEXTS).map((each) => {
    const button = make("button", { type: "button", lang: each, textContent: TEXTS[each].language, onclick: () => {
      state.set(LANGUAGE, each);
      chosen();
      byId("languages").querySelector(`[lang=${each}]`).focus();
    } });
    button.setAttribute("aria-pressed", each === language());
    return button;
  }));
  for (const link of document.querySelectorAll("a[data-page]")) link.href = `${link.dataset.page}#${LANGUAGE}=${language()}`;
}

function tableOf(headings, rows) {
  const head = make("tr", {}, ...headings.map((text) => make("th", { scope: "col", textContent: text })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

// A table that is too wide for a phone scrolls by itself, by keyboard too.
const wide = (label, table) => make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: label }, table);

// A labelled control with a help line and a place for what is wrong with it.
function field(id, name, labelText, control, helpText, ...more) {
  Object.assign(control, { id });
  if (name) control.dataset.name = name;
  const fault = make("p", { id: `${id}-fault`, className: "fault" });
  const help = make("p", { id: `${id}-help`, className: "help", textContent: helpText ?? "" });
  control.setAttribute("aria-describedby", helpText ? `${id}-help ${id}-fault` : `${id}-fault`);
  return make("div", {}, make("label", { htmlFor: id, textContent: labelText }), control, fault, ...more, ...(helpText ? [help] : []));
}
