// The page at /model: what the model is, for people. What needs the key is read once there is one.
let card = null; // the service's description of the model, once it has come

const cell = (text) => make("td", { textContent: text });
const rowOf = (name, ...texts) => make("tr", {}, make("th", { scope: "row", textContent: name }), ...texts.map(cell));
const pairs = (rows) => make("table", {}, make("tbody", {}, ...rows.filter(([, text]) => text).map((row) => rowOf(...row))));
const heading = (text) => make("h2", { textContent: text });
const paragraph = (text) => make("p", { textContent: text });
const fixed = (value, digits) => value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" });
const inPoints = (share) => fixed(100 * share, 1);
const spread = (figure) => (typeof figure === "object" ? `${fixed(figure.mean, 3)} ± ${fixed(figure.sd, 3)}` : inPoints(figure));
// A level of a factor as people call it.
const called = (level) => {
  const found = facts.inputs.flatMap((each) => each.levels ?? []).find((each) => each.name === level);
  return found ? levelLabel(found) : level;
};

function inputRows() {
  return facts.inputs.map((input) => {
    const takes = input.kind === "factor" ? input.levels.map(levelLabel).join("; ")
      : `${words().from(format(toShown(input, input.minimum)), format(toShown(input, input.maximum)))} ${unitOf(input)}`;
    return rowOf(say(input.label), descriptionOf(input), takes, input.seen ? seenText(input) : "–");
  });
}

function verdict({ gate }) {
  const rules = (gate.rules ?? []).map(({ name, value, limit, passed }) => rowOf(name, ...[value, limit].map((each) => (typeof each === "number" ? format(each, 4) : String(each ?? ""))), passed ? words().passed : words().broken));
  const every = make("details", {}, make("summary", { textContent: words().rules }), wide(words().rules, tableOf([words().rule, words().value, words().limit, words().result], rules)));
  return [heading(words().verdict), paragraph(words().verdicts[gate.verdict] ?? gate.verdict), ...(gate.reason ? [make("p", { className: "help", textContent: `${words().reason}: ${gate.reason}` })] : []), ...(rules.length ? [every] : [])];
}

function figures({ metrics }) {
  if (!metrics.folds) return [];
  const reference = metrics.kaplan_meier ?? {};
  const by = facts.inputs.find((each) => each.name === reference.by);
  const rows = Object.entries(words().metrics).filter(([name]) => metrics[name] !== undefined).map(([name, [title, meaning]]) => {
    return rowOf(title, spread(metrics[name]), reference[name] === undefined ? "–" : spread(reference[name]), meaning);
  });
  const groups = facts.study.group ? oneOrMany(facts.study.group, 2) : words().parts(say(facts.rows));
  const levels = Object.entries(metrics.calibration_error_by_level ?? {}).map(([level, error]) => rowOf(called(level), inPoints(error)));
  const { level, error, ...when } = metrics.calibration_by_visit?.worst ?? {};
  const time = Object.values(when)[0];
  return [
    heading(words().figures), paragraph(words().folds(metrics.folds, groups)),
    wide(words().figures, tableOf([words().figure, words().ours, words().reference(by && say(by.label)), words().meaning], rows)),
    ...(levels.length ? [make("h3", { textContent: words().byLevel }), paragraph(words().byLevelHelp), wide(words().byLevel, tableOf([words().level, words().difference], levels))] : []),
    ...(time === undefined ? [] : [paragraph(words().worst(inPoints(error), called(level), timeText(time)))]),
  ];
}

function origin({ data, recipe = {}, versions, version }) {
  const listed = (object) => Object.entries(object ?? {}).map(([name, value]) => `${name} ${typeof value === "number" ? format(value) : value}`).join(", ");
  return [
    heading(words().data),
    wide(words().data, pairs([[words().source, [words().sources[data.source] ?? data.source, facts.study.source].filter(Boolean).join(": ")], [words().rowCount, data.rows && format(data.rows)], [words().subjects, data.subjects && format(data.subjects)], [facts.study.group ? oneOrMany(facts.study.group, 2) : words().groups, data.groups && format(data.groups)], [words().checksum, data.md5]])),
    heading(words().made),
    wide(words().made, pairs([[words().estimator, recipe.estimator], [words().formula, recipe.formula], [words().parameters, listed(recipe.parameters)], [words().versions, listed(versions)], [words().version, version]])),
  ];
}

async function refresh() {
  if (locked) return;
  if (!card) {
    message(words().loading);
    const response = await request("v1/model");
    if (!response) return;
    card = response.answer;
  }
  message("");
  showCard();
}

function showCard() {
  byId("verdict").replaceChildren(...(card ? verdict(card) : []));
  byId("figures").replaceChildren(...(card ? [...figures(card), ...origin(card)] : []));
}

const changed = queue(refresh);

function build() {
  buildLanguages(() => {
    history.replaceState(null, "", `${location.pathname}${location.search}#${LANGUAGE}=${language()}`);
    build();
  });
  document.title = `${words().model}: ${say(facts.study.title)}`;
  byId("title").textContent = words().model;
  byId("summary").textContent = words().lead(say(facts.study.title));
  byId("key-form").replaceChildren(keyField());
  byId("inputs").replaceChildren(heading(words().inputs), wide(words().inputs, tableOf([words().input, words().meaning, words().takes, words().studied], inputRows())));
  buildTrust();
  byId("home").textContent = words().predict;
  byId("api").textContent = words().api;
  byId("version").textContent = `· ${words().version} ${facts.version}`;
  showCard();
}

byId("key-form").addEventListener("submit", (event) => { event.preventDefault(); useKey(); });
addEventListener("hashchange", () => { readLanguage(); build(); });
readLanguage();
build();
changed(0);
