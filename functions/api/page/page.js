// The page: shows the answer, and keeps it in step with the form.
let shown = null; // {text, answer, inputs}: the last prediction, and the request that it answers
let compared = null; // the same for the bars
let locked = false; // until there is a key that may be good
let cursor = null; // which visit is read off the curve
let toTime = null;

const percentOf = (prediction) => prediction[facts.percent];
const round = (value) => String(Math.round(value));
const rangeText = ([low, high]) => words().range(round(low), round(high));
const oneDecimal = (value) => value.toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const timeText = (time) => (isDays ? `${oneUnit()} ${format(time)}` : `${format(time)} ${unit(time)}`);
const whenText = (time) => (hasDates() ? words().by(dateText(time), timeText(time)) : isDays ? words().byDay(timeText(time)) : words().within(timeText(time)));
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
// Within a sentence; what begins with several capitals is left as it is.
const small = (text) => (/^\p{Lu}(?!\p{Lu})/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);
const points = () => shown.answer.curve.map((each) => ({ at: each[facts.time], percent: percentOf(each), low: each.interval_90[0], high: each.interval_90[1] }));

function kindText(inputs) {
  return facts.inputs.map((input) => {
    const value = inputs[input.name];
    const level = input.kind === "factor" && input.levels.find((each) => each.name === value);
    return `${small(say(input.label))}: ${level ? levelLabel(level) : format(value)}`;
  }).join("; ");
}

function sentence() {
  const { answer, inputs } = shown;
  const stand = answer.stand_interval_90;
  const wider = stand ? words().stand(say(facts.study.stand) || words().parts(say(facts.rows)), round(stand[0]), round(stand[1])) : "";
  return words().sentence({
    rows: say(facts.rows), kind: kindText(inputs), count: words().count(percentOf(answer)), answer: say(facts.study.answer),
    when: whenText(answer[facts.time]), range: percentOf(answer) ? ` (${rangeText(answer.interval_90)}${wider})` : "",
  });
}

function showAnswer() {
  if (!shown) return;
  const { answer, inputs } = shown;
  const percent = percentOf(answer);
  // The count is between the two bars that the sentence has around it, but for bars of the study's.
  const count = words().count(percent);
  const [before, after] = sentence().split(`|${count}|`);
  byId("sentence").replaceChildren(before, make("strong", { textContent: count }), after);
  byId("dots").removeAttribute("hidden");
  byId("dots").setAttribute("aria-label", words().dots(round(percent), say(facts.study.answer)));
  drawDots(byId("dots"), percent);
  byId("warnings").replaceChildren(...warnings(answer, inputs).map((text) => make("li", { textContent: text })));
  showTable();
  showCurve();
}

// What the service warns of, in the reader's language; what the page has no words for, as it came.
function warnings(answer, inputs) {
  const outside = facts.inputs.filter(({ seen, name }) => seen && (inputs[name] < seen[0] || inputs[name] > seen[1]));
  const own = outside.map(({ seen, name, label }) => words().outside(say(label), format(seen[0]), format(seen[1]), format(inputs[name] < seen[0] ? seen[0] : seen[1])));
  const explained = own.length + (facts.data.source === "simulated");
  const early = facts.steps && percentOf(answer) === 0 ? [words().early(timeText(facts.first_end))] : [];
  return [...(answer.warnings.length > explained ? answer.warnings : own), ...early];
}

function showCurve() {
  if (!shown) return;
  const { answer } = shown;
  const read = points();
  const reading = read[cursor ?? -1];
  toTime = drawCurve(byId("curve"), {
    points: read, horizon: facts.horizon, steps: facts.steps, at: answer[facts.time], percent: percentOf(answer),
    average: answer.interval_90, stand: answer.stand_interval_90, label: say(facts.study.outcome_label),
    unit: unit(2), cursor: reading, number: format,
  });
  const here = reading ?? { at: answer[facts.time], percent: percentOf(answer), low: answer.interval_90[0], high: answer.interval_90[1] };
  const dated = hasDates() ? `, ${dateText(here.at)}` : "";
  const text = `${timeText(here.at)}${dated}: ${oneDecimal(here.percent)} % (${words().range(oneDecimal(here.low), oneDecimal(here.high))})`;
  byId("readout").textContent = text;
  const attributes = { "aria-valuemin": 0, "aria-valuemax": facts.horizon, "aria-valuenow": here.at, "aria-valuetext": text, "aria-label": words().chart(say(facts.study.outcome_label)) };
  for (const [name, value] of Object.entries(attributes)) byId("curve").setAttribute(name, value);
  byId("legend").textContent = words().average + (answer.stand_interval_90 ? words().bar(say(facts.study.stand)) : "");
}

function tableOf(headings, rows) {
  const head = make("tr", {}, ...headings.map((text) => make("th", { scope: "col", textContent: text })));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function showTable() {
  const headings = [unit(1), ...(hasDates() ? [words().dateColumn] : []), `${say(facts.study.outcome_label)}, %`, words().interval];
  const rows = points().map(({ at, percent, low, high }) => {
    const cells = [format(at), ...(hasDates() ? [dateText(at)] : []), oneDecimal(percent), words().range(oneDecimal(low), oneDecimal(high))];
    return make("tr", {}, ...cells.map((text) => make("td", { textContent: text })));
  });
  byId("table").lastElementChild.replaceChildren(tableOf(headings, rows));
}

function showBars() {
  const place = byId("comparison").lastElementChild.lastElementChild;
  if (!compared || !place) return;
  const { input, answer, inputs } = compared;
  const rows = answer.predictions.map((each, i) => {
    const level = input.levels[i];
    const parts = { percent: percentOf(each), average: each.interval_90, stand: each.stand_interval_90 };
    const row = make("tr", {}, make("th", { scope: "row", textContent: levelLabel(level) }),
      make("td", {}, drawBar(parts)), make("td", { textContent: `${round(parts.percent)} % (${rangeText(parts.average)})` }));
    if (level.name === inputs[input.name]) row.setAttribute("aria-current", "true");
    return row;
  });
  const table = tableOf([say(input.label), "0 – 100 %", `${say(facts.study.outcome_label)} (${words().interval})`], rows);
  table.className = "bars";
  const note = words().note(capital(whenText(answer[facts.time])), answer.predictions[0].stand_interval_90 && say(facts.study.stand));
  place.replaceChildren(make("p", { className: "help", textContent: note }), make("div", { className: "wide" }, table));
}

function message(text, retry) {
  const again = make("button", { type: "button", textContent: words().again, onclick: () => changed(0) });
  byId("messages").replaceChildren(...(text ? [make("p", {}, text, " ", ...(retry ? [again] : []))] : []));
}

const stale = (is) => byId("answer").classList.toggle("stale", is);
const waiting = (seconds) => message(words().busy(seconds));

// The answer to a request, or null where there is none; then the page says why.
async function request(path, body) {
  let response;
  try {
    response = await send(path, body, waiting);
  } catch {
    message(words().unreachable, true);
    return null;
  }
  const { status, answer } = response;
  if (status === 200) return response;
  if (status === 401 || status === 403) {
    locked = true;
    askForKey(key.value ? words().keyWrong : words().keyNeeded);
  } else if (status === 429) message(words().tooBusy, true);
  else if (status === 422) {
    const own = new Set([...state.keys()]);
    const faults = new Map((answer.errors ?? []).map((each) => [each.field, words().refused]));
    showFaults(faults);
    message([...faults.keys()].every((name) => own.has(name)) && faults.size ? "" : answer.detail ?? words().failed(status));
  } else message(words().failed(status), true);
  return null;
}

async function refresh() {
  const faults = findFaults();
  showFaults(faults);
  stale(true);
  if (faults.size) return message(shown ? words().stale : "");
  if (locked) return;
  if (JSON.stringify(requestBody()) !== shown?.text) {
    const response = await request("v1/predict", requestBody);
    if (!response) return;
    shown = { ...response, inputs: JSON.parse(response.text) };
    cursor = null;
  }
  message("");
  showAnswer();
  stale(JSON.stringify(requestBody()) !== shown.text);
  await compare();
}

async function compare() {
  const input = facts.inputs.find((each) => each.name === state.get(COMPARED));
  if (!input || findFaults().size) return;
  const body = () => {
    const { [facts.time]: at, ...row } = requestBody();
    return { [facts.study.rows]: input.levels.map((level) => ({ ...row, [input.name]: level.name })), [facts.time]: at };
  };
  if (JSON.stringify(body()) !== compared?.text || compared.input !== input) {
    const response = await request("v1/predict/batch", body);
    if (!response) return;
    compared = { ...response, input };
    message("");
  }
  compared.inputs = requestBody();
  showBars();
}

const enqueue = queue(refresh);
function changed(pause) {
  writeAddress();
  enqueue(pause);
}

// The key is used when it is complete: on Enter, on "Use", or on leaving the field.
function askForKey(text) {
  const control = byId("key");
  control.closest("div").hidden = false;
  control.setAttribute("aria-invalid", true);
  byId("key-fault").textContent = text;
}

function useKey() {
  const given = byId("key").value.trim();
  if (!given || (given === key.value && !locked)) return;
  key.value = given;
  locked = false;
  byId("key-fault").textContent = "";
  byId("key").setAttribute("aria-invalid", false);
  changed(0);
}

function buildForm() {
  const edited = () => changed();
  const control = make("input", { type: "password", autocomplete: "off", value: key.value, onchange: useKey });
  const use = make("button", { textContent: words().use });
  const keyField = field("key", "", words().key, control, words().keyHelp, use);
  keyField.hidden = !locked && !key.value;
  byId("inputs").replaceChildren(...facts.inputs.map((input, i) => inputField(input, i, edited)), ...timeFields(edited), keyField);
}

function buildComparison() {
  const factors = facts.inputs.filter((each) => each.kind === "factor" && each.levels.length > 1);
  const box = byId("comparison");
  box.hidden = !factors.length;
  box.firstElementChild.textContent = words().compare;
  const choices = [[`– ${words().none} –`, ""], ...factors.map((each) => [say(each.label), each.name])];
  const control = select(choices, state.get(COMPARED), (name) => {
    state.set(COMPARED, name);
    box.lastElementChild.lastElementChild.replaceChildren();
    changed(0);
  });
  box.lastElementChild.replaceChildren(field("compare", "", words().factor, control, ""), make("div"));
  box.open = box.open || state.get(COMPARED) !== "";
}

function buildTrust() {
  const { study, data, refits } = facts;
  const counted = (nouns, count) => (count ? `${format(count)} ${say(Object.fromEntries(Object.entries(nouns).map(([each, noun]) => [each, count === 1 ? noun.one : noun.many])))}` : "");
  const groups = study.group ? counted(study.group, 2).replace(/^\S+ /, "") : words().parts(say(facts.rows));
  const ranges = facts.inputs.filter((each) => each.seen).map((each) => `${say(each.label)} ${words().range(format(each.seen[0]), format(each.seen[1]))}`);
  const lines = [
    say(study.limits),
    words().basis(counted(facts.row, data.subjects), study.group && counted(study.group, data.groups)),
    words().averageMeans(refits, groups),
    facts.stand_size ? words().standMeans(say(study.stand), facts.stand_size, say(facts.rows)) : words().noStand,
    words().unseen([...ranges, `${oneUnit()} ${words().range(0, format(facts.horizon))}`].join("; ")),
    ...(facts.steps ? [words().visits(capital(say(facts.rows)))] : []),
    ...(study.source ? [study.source] : []),
  ];
  byId("trust").firstElementChild.textContent = words().trust;
  byId("trust").lastElementChild.replaceChildren(...lines.map((text) => make("li", { textContent: text })));
}

async function showModel() {
  const place = byId("model").lastElementChild;
  if (!byId("model").open) return;
  place.textContent = words().loading;
  const response = await request("v1/model");
  if (!response) return place.replaceChildren();
  const { version, data, recipe, gate, metrics } = response.answer;
  const rows = [[words().version, version], [words().source, data.source], [words().subjects, format(data.subjects)], [words().recipe, recipe?.formula], [words().verdict, [gate?.verdict, gate?.reason].filter(Boolean).join(": ")]];
  for (const [name, label] of Object.entries(words().metrics)) {
    const figure = metrics?.[name];
    if (figure !== undefined) rows.push([label, typeof figure === "object" ? `${format(figure.mean, 4)} ± ${format(figure.sd, 4)}` : format(figure, 4)]);
  }
  const filled = rows.filter(([, value]) => value);
  place.replaceChildren(make("table", {}, make("tbody", {}, ...filled.map(([name, value]) => make("tr", {}, make("th", { scope: "row", textContent: name }), make("td", { textContent: value }))))));
}

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

function build() {
  document.documentElement.lang = language();
  document.title = say(facts.study.title);
  byId("title").textContent = say(facts.study.title);
  byId("summary").textContent = say(facts.study.summary);
  byId("simulated").textContent = words().simulated;
  byId("simulated").hidden = facts.data.source !== "simulated";
  byId("version").textContent = `· ${words().version} ${facts.version}`;
  byId("table").firstElementChild.textContent = words().table;
  byId("model").firstElementChild.textContent = words().model;
  byId("languages").replaceChildren(...Object.keys(TEXTS).map((each) => {
    const button = make("button", { type: "button", lang: each, textContent: TEXTS[each].language, onclick: () => {
      state.set(LANGUAGE, each);
      build();
      byId("languages").querySelector(`[lang=${each}]`).focus();
      changed(0);
    } });
    button.setAttribute("aria-pressed", each === language());
    return button;
  }));
  buildForm();
  buildComparison();
  buildTrust();
  buildActions();
  showModel();
  showAnswer();
  showBars();
}

function read(index) {
  if (!shown) return;
  cursor = Math.max(0, Math.min(index, shown.answer.curve.length - 1));
  showCurve();
}

// Where subjects were seen at visits only, what holds at a time is what the visit before it found.
function readAt(event) {
  if (!toTime) return;
  const time = toTime(event.clientX - byId("curve").getBoundingClientRect().left);
  const times = shown.answer.curve.map((each) => each[facts.time]);
  const after = times.findIndex((each) => each > time);
  const last = after < 0 ? times.length - 1 : Math.max(0, after - 1);
  read(!facts.steps && after > 0 && times[after] - time < time - times[last] ? after : last);
}

function readByKey(event) {
  if (!shown) return;
  const end = shown.answer.curve.length - 1;
  const asked = shown.answer.curve.findLastIndex((each) => each[facts.time] <= shown.answer[facts.time]);
  const here = cursor ?? asked;
  const moves = { ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1, PageDown: here - 5, PageUp: here + 5, Home: 0, End: end };
  if (!(event.key in moves)) return;
  event.preventDefault();
  read(moves[event.key]);
}

const curve = byId("curve");
curve.addEventListener("pointermove", readAt);
curve.addEventListener("pointerdown", readAt);
curve.addEventListener("keydown", readByKey);
for (const left of ["pointerleave", "blur"]) curve.addEventListener(left, () => { cursor = null; showCurve(); });
byId("inputs").addEventListener("submit", (event) => { event.preventDefault(); useKey(); });
byId("model").addEventListener("toggle", showModel);
addEventListener("resize", showCurve);
addEventListener("beforeprint", () => { byId("table").open = true; });
addEventListener("hashchange", () => { readAddress(); build(); enqueue(0); });
readAddress();
build();
enqueue(0);
