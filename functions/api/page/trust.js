// How far an answer may be trusted: what was studied, and what the two intervals mean.
function trustLines() {
  const { study, data, refits } = facts;
  const counted = (nouns, count) => (count ? `${format(count)} ${oneOrMany(nouns, count)}` : "");
  const groups = study.group ? oneOrMany(study.group, 2) : words().parts(say(facts.rows));
  const ranges = facts.inputs.filter((each) => each.seen).map((each) => `${say(each.label)} ${seenText(each)}`);
  return [
    say(study.limits),
    words().basis(counted(facts.row, data.subjects), study.group && counted(study.group, data.groups)),
    words().averageMeans(refits, groups),
    facts.stand ? words().standMeans(say(study.stand), facts.stand.size, say(facts.rows)) : words().noStand,
    words().unseen([...ranges, `${oneUnit()} ${words().range(0, format(facts.horizon))}`].join("; ")),
    ...(facts.steps ? [words().visits(capital(say(facts.rows)))] : []),
    ...(study.source ? [study.source] : []),
  ];
}

function buildTrust() {
  byId("trust").firstElementChild.textContent = words().trust;
  byId("trust").lastElementChild.replaceChildren(...trustLines().map((text) => make("li", { textContent: text })));
}
