// All levels of one factor beside each other, asked for in one batch.
let compared = null; // {text, answer, inputs, input}: the last one

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

function showBars() {
  const place = byId("comparison").lastElementChild.lastElementChild;
  if (!compared || !place) return;
  const { input, answer, inputs } = compared;
  const rows = answer.predictions.map((each, i) => {
    const level = input.levels[i];
    const parts = { percent: percentOf(each), average: each.interval_90, stand: each.stand_interval_90 };
    const row = make("tr", {}, make("th", { scope: "row", textContent: levelLabel(level) }),
      make("td", {}, drawBar(parts)), make("td", { textContent: `${round(parts.percent)} % (${words().range(...parts.average.map(round))})` }));
    if (level.name === inputs[input.name]) row.setAttribute("aria-current", "true");
    return row;
  });
  const table = tableOf([say(input.label), "0 – 100 %", `${say(facts.study.outcome_label)} (${words().interval})`], rows);
  table.className = "bars";
  const note = words().note(capital(whenText(answer[facts.time])), answer.predictions[0].stand_interval_90 && say(facts.study.stand));
  place.replaceChildren(make("p", { className: "help", textContent: note }), wide(words().compare, table));
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
