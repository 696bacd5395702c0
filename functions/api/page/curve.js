// The curve: its points with both intervals, what was observed, and how it is read.
let cursor = null; // which visit is read off the curve
let toTime = null;

const expit = (odds) => 1 / (1 + Math.exp(-odds));
const logit = (percent) => {
  const share = Math.min(Math.max(percent / 100, 1e-6), 1 - 1e-6);
  return Math.log(share / (1 - share));
};

// The interval of one new group, which answers hold for the time of the request alone: as
// functions/intervals.py makes it, the error being read back from the average's interval.
function standInterval({ at, percent, low, high }) {
  if (!facts.stand) return null;
  if (percent === 0) return [0, 0];
  const { t, size, spread } = facts.stand;
  // Figures are rounded: the end towards a half keeps more digits of the log-odds.
  const [point, odds] = [percent / 100, logit(percent)];
  const error = Math.abs(logit(percent < 50 ? high : low) - odds) / facts.t;
  const ends = facts.period_ends;
  const last = facts.steps ? ends.findLastIndex((end) => end <= at) : ends.findIndex((end) => end >= at);
  const reach = t * Math.hypot(error, spread[Math.max(last, 0)]);
  const noise = 1.6449 * Math.sqrt((point * (1 - point)) / size) + 0.5 / size;
  const [below, above] = [point - expit(odds - reach), expit(odds + reach) - point];
  return [Math.max(point - Math.hypot(below, noise), 0), Math.min(point + Math.hypot(above, noise), 1)].map((share) => 100 * share);
}

// The group of subjects whose observed course the model ships, if it does: those of one level.
function observedOf(inputs) {
  const { by, curves } = facts.observed ?? { curves: [] };
  return curves.find((each) => !by || each.level === inputs[by]);
}

const points = () => {
  const observed = observedOf(shown.inputs);
  return shown.answer.curve.map((each, i) => {
    const point = { at: each[facts.time], percent: percentOf(each), low: each.interval_90[0], high: each.interval_90[1] };
    return { ...point, stand: standInterval(point), observed: observed?.percent[i] ?? null };
  });
};

function legendText() {
  const observed = observedOf(shown.inputs);
  const factor = facts.inputs.find((each) => each.name === facts.observed?.by);
  const who = factor && observed ? valueText(factor, observed.level, (level) => say(level.label) || level.name) : words().everybody(say(facts.rows));
  return words().average + (facts.stand ? words().bar(say(facts.study.stand)) : "")
    + (observed ? words().observed(who, format(observed.subjects), facts.inputs.length > (factor ? 1 : 0)) : "");
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
  byId("legend").textContent = legendText();
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

for (const [kind, action] of Object.entries({ pointermove: readAt, pointerdown: readAt, keydown: readByKey })) byId("curve").addEventListener(kind, action);
for (const left of ["pointerleave", "blur"]) byId("curve").addEventListener(left, () => { cursor = null; showCurve(); });
