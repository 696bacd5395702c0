// The answer in words, dots and figures.
let shown = null; // {text, answer, inputs}: the last prediction, and the request that it answers

const percentOf = (prediction) => prediction[facts.percent];
const round = (value) => String(Math.round(value));
const oneDecimal = (value) => value.toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whenText = (time) => (hasDates() ? words().by(dateText(time)) : isDays ? words().byDay(timeText(time)) : words().within(timeText(time)));
// Within a sentence; what begins with several capitals is left as it is.
const small = (text) => (/^\p{Lu}(?!\p{Lu})/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

function valueText(input, value, label = levelLabel) {
  if (input.kind === "factor") return label(input.levels.find((each) => each.name === value));
  return `${format(toShown(input, value))}${unitOf(input) ? ` ${unitOf(input)}` : ""}`;
}

// Who is meant, as the study says it, such as `{arm} patients`; and the inputs that leaves.
function subjects(inputs) {
  const pattern = say(facts.study.subject);
  const named = new Set();
  const text = pattern.replace(/\{([^{}]+)\}/gu, (mark, name) => {
    named.add(name);
    return valueText(facts.inputs.find((each) => each.name === name), inputs[name], (level) => small(say(level.label) || level.name));
  });
  const others = facts.inputs.filter((each) => !named.has(each.name));
  const rest = others.map((input) => `${small(say(input.label))}: ${valueText(input, inputs[input.name])}`).join("; ");
  return pattern ? { text, rest } : { text: `${say(facts.rows)} (${rest})`, rest: "" };
}

function sentence() {
  const { answer, inputs } = shown;
  const stand = answer.stand_interval_90;
  const wider = stand ? words().stand(say(facts.study.stand) || words().parts(say(facts.rows)), round(stand[0]), round(stand[1])) : "";
  const started = hasDates() ? (say(facts.start?.sentence) ? ` ${say(facts.start.sentence).replace("{date}", dateText(0))}` : words().started(dateText(0))) : "";
  return words().sentence({
    subjects: subjects(inputs).text, start: started, count: words().count(percentOf(answer)), answer: say(facts.study.answer),
    when: whenText(answer[facts.time]), range: percentOf(answer) ? ` (${words().bounds(...answer.interval_90.map(round))}${wider})` : "",
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
  byId("rest").textContent = capital(subjects(inputs).rest);
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
  const own = outside.map((input) => {
    const edge = inputs[input.name] < input.seen[0] ? input.seen[0] : input.seen[1];
    return words().outside(say(input.label), seenText(input), valueText(input, edge));
  });
  const explained = own.length + (facts.data.source === "simulated");
  const early = facts.steps && percentOf(answer) === 0 ? [words().early(timeText(facts.period_ends[0]))] : [];
  return [...(answer.warnings.length > explained ? answer.warnings : own), ...early];
}

function showTable() {
  const read = points();
  const seen = read.some((point) => point.observed !== null);
  const headings = [unit(1), ...(hasDates() ? [words().dateColumn] : []), `${say(facts.study.outcome_label)}, %`, words().interval, ...(facts.stand ? [say(facts.study.stand)] : []), ...(seen ? [words().observedColumn] : [])];
  const range = (ends) => words().range(...ends.map(oneDecimal));
  const rows = read.map(({ at, percent, low, high, stand, observed }) => {
    const cells = [format(at), ...(hasDates() ? [dateText(at)] : []), oneDecimal(percent), range([low, high]), ...(stand ? [range(stand)] : []), ...(seen ? [observed === null ? "–" : oneDecimal(observed)] : [])];
    return make("tr", {}, ...cells.map((text) => make("td", { textContent: text })));
  });
  byId("table").firstElementChild.textContent = words().table;
  byId("table").lastElementChild.replaceChildren(wide(words().table, tableOf(headings, rows)));
}
