// The form: one control for each input of the study, and the address that keeps what they hold.
const DAY = 864e5;
const dateOf = (time) => new Date(Date.parse(state.get(START)) + Math.floor(time) * DAY);
const isoOf = (time) => (Number.isNaN(dateOf(time).getTime()) ? "" : dateOf(time).toISOString().slice(0, 10));
// Without its year where the target has the same one, as people say it.
const dateText = (time) => {
  const year = dateOf(0).getUTCFullYear() === dateOf(facts.horizon).getUTCFullYear() ? {} : { year: "numeric" };
  return dateOf(time).toLocaleDateString(locale(), { day: "numeric", month: "long", ...year, timeZone: "UTC" });
};
const hasDates = () => isDays && !Number.isNaN(Date.parse(state.get(START)));

// A study may say on which day of the year its day 0 is usual.
const usualStart = () => (isDays && facts.start?.usual ? `${new Date().getFullYear()}-${facts.start.usual}` : "");

// The stop nearest to the study's median, else the median.
function usualNumber({ name, seen, stops }) {
  const middle = Number((facts.typical[name] ?? (seen[0] + seen[1]) / 2).toPrecision(3));
  const away = (stop) => Math.abs(stop.value - middle);
  return [...stops].sort((a, b) => away(a) - away(b))[0]?.value ?? middle;
}

function readAddress() {
  readLanguage();
  const given = new URLSearchParams(location.hash.slice(1));
  for (const input of facts.inputs) {
    const value = given.get(input.name);
    const known = input.kind === "factor" ? input.levels.some((each) => each.name === value) : value;
    state.set(input.name, known ? value : input.kind === "factor" ? input.levels[0].name : String(usualNumber(input)));
  }
  state.set(facts.time, given.get(facts.time) ?? String(facts.horizon));
  state.set(START, given.get(START) ?? usualStart());
  const compared = facts.inputs.find((each) => each.kind === "factor" && each.name === given.get(COMPARED));
  state.set(COMPARED, compared?.name ?? "");
}

function writeAddress() {
  const kept = new URLSearchParams([...state].filter(([name, value]) => value !== "" || (name === START && usualStart())));
  history.replaceState(null, "", `${location.pathname}${location.search}#${kept}`);
}

// The limits of each number that the form takes, the time among them.
const limits = () => [
  ...facts.inputs.filter((each) => each.kind === "number"),
  { name: facts.time, minimum: 0, maximum: facts.horizon },
];

// What is wrong with each field, by its name; empty where a request may be sent.
function findFaults() {
  const faults = new Map();
  for (const input of limits()) {
    const { name, minimum, maximum } = input;
    const text = state.get(name);
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) faults.set(name, words().needed);
    else if (value < minimum || value > maximum) {
      const dated = name === facts.time && hasDates();
      faults.set(name, words().between(format(toShown(input, minimum)), format(toShown(input, maximum))) + (dated ? ` ${words().date(dateText(0), dateText(maximum))}` : ""));
    }
  }
  return faults;
}

function showFaults(faults) {
  for (const control of byId("inputs").querySelectorAll("[data-name]")) {
    const fault = faults.get(control.dataset.name);
    control.setAttribute("aria-invalid", Boolean(fault));
    byId(`${control.id}-fault`).textContent = fault ?? "";
  }
}

function requestBody() {
  const numbers = new Set(limits().map((each) => each.name));
  const names = [...facts.inputs.map((each) => each.name), facts.time];
  return Object.fromEntries(names.map((name) => [name, numbers.has(name) ? Number(state.get(name)) : state.get(name)]));
}

function select(options, value, chosen) {
  const control = make("select", {}, ...options.map(([text, each]) => new Option(text, each)));
  control.value = value;
  control.addEventListener("input", () => chosen(control.value));
  return control;
}

// A box that takes every value allowed, a slider over what matters, the range seen, named stops.
function numberField(id, input, labelText, helpText, changed) {
  const { name, step, seen, stops } = input;
  // All in the unit that people read; the state keeps the model's own.
  const shown = (value) => toShown(input, value);
  const textOf = (value) => (value.trim() === "" || Number.isNaN(Number(value)) ? value : String(shown(Number(value))));
  const [minimum, maximum] = [shown(input.minimum), shown(input.maximum)];
  const box = make("input", { type: "number", step: "any", min: minimum, max: maximum, value: textOf(state.get(name)), inputMode: minimum < 0 ? "text" : "decimal" });
  const spare = seen ? (seen[1] - seen[0]) / 4 : 0;
  const down = (value) => (step ? Number((Math.floor(value / step + 1e-9) * step).toPrecision(12)) : value);
  const [low, high] = seen ? [Math.max(minimum, shown(down(seen[0] - spare))), Math.min(maximum, shown(seen[1] + spare))] : [minimum, maximum];
  const slider = make("input", { type: "range", min: low, max: high, step: step ? shown(step) : "any", value: box.value, ariaLabel: labelText });
  const buttons = (stops ?? []).map((stop) => {
    const text = `${say(stop.label)} · ${format(shown(stop.value))}`;
    return make("button", { type: "button", textContent: text, onclick: () => set(String(shown(stop.value))) });
  });
  const set = (value, from) => {
    if (from !== box) box.value = value;
    if (from !== slider) slider.value = value;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", value !== "" && Number(value) === shown(stops[i].value)));
    const kept = textOf(state.get(name)) === value ? state.get(name) : value.trim() === "" ? "" : String(fromShown(input, Number(value)));
    if (state.get(name) === kept) return;
    state.set(name, kept);
    changed(from);
  };
  box.addEventListener("input", () => set(box.value, box));
  slider.addEventListener("input", () => set(slider.value, slider));
  const extra = [slider];
  if (seen) {
    const mark = make("i");
    mark.style.left = `${(100 * (shown(seen[0]) - low)) / (high - low || 1)}%`;
    mark.style.right = `${(100 * (high - shown(seen[1]))) / (high - low || 1)}%`;
    extra.push(make("div", { className: "seen" }, mark), make("p", { className: "help", textContent: words().seen(seenText(input)) }));
  }
  if (buttons.length) extra.push(make("div", { className: "stops" }, ...buttons));
  set(box.value);
  const made = field(id, name, labelText, box, helpText, ...extra);
  made.set = set;
  return made;
}

function inputField(input, i, changed) {
  if (input.kind === "factor") {
    const chosen = (value) => { state.set(input.name, value); changed(); };
    const options = input.levels.map((each) => [levelLabel(each), each.name]);
    return field(`input${i}`, input.name, say(input.label), select(options, state.get(input.name), chosen), say(input.description));
  }
  const named = unitOf(input) ? `${say(input.label)} (${unitOf(input)})` : say(input.label);
  return numberField(`input${i}`, input, named, descriptionOf(input), changed);
}

// The time, and for days the dates beside them.
function timeFields(changed) {
  let target = null;
  const showDate = () => { if (target) target.value = isoOf(Number(state.get(facts.time))); };
  const axis = { name: facts.time, minimum: 0, maximum: facts.horizon, step: facts.horizon >= 20 ? 0.5 : null };
  const time = numberField("time", axis, words().time(oneUnit()), "", (from) => { if (from !== target) showDate(); changed(); });
  if (!isDays) return [time];
  const start = make("input", { type: "date", value: state.get(START) });
  target = make("input", { type: "date" });
  const targetField = field("target", "", words().target, target);
  const arrange = () => {
    targetField.hidden = !hasDates();
    target.min = hasDates() ? isoOf(0) : "";
    target.max = hasDates() ? isoOf(facts.horizon) : "";
    showDate();
  };
  start.addEventListener("input", () => { state.set(START, start.value); arrange(); changed(); });
  target.addEventListener("input", () => {
    const days = (Date.parse(target.value) - Date.parse(state.get(START))) / DAY;
    time.set(Number.isNaN(days) ? "" : String(days), target);
  });
  arrange();
  const startLabel = say(facts.start?.label) || words().start(oneUnit());
  return [field("start", "", startLabel, start, words().startHelp(unit(2))), targetField, time];
}
