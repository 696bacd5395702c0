// The page at /: keeps the answer in step with the form and the address.
const stale = (is) => byId("answer").classList.toggle("stale", is);

// Faults that the service finds in fields of the form are shown beside them.
function refused(errors) {
  const faults = new Map(errors.map((each) => [each.field, words().refused]));
  showFaults(faults);
  return faults.size > 0 && [...faults.keys()].every((name) => state.has(name));
}

async function refresh() {
  const faults = findFaults();
  showFaults(faults);
  stale(true);
  if (faults.size) return message(shown ? words().stale : "");
  if (locked) return;
  if (JSON.stringify(requestBody()) !== shown?.text) {
    const response = await request("v1/predict", requestBody, refused);
    if (!response) return;
    shown = { ...response, inputs: JSON.parse(response.text) };
    cursor = null;
  }
  message("");
  showAnswer();
  stale(JSON.stringify(requestBody()) !== shown.text);
  await compare();
}

const enqueue = queue(refresh);
function changed(pause) {
  writeAddress();
  enqueue(pause);
}

function buildForm() {
  const edited = () => changed();
  byId("inputs").replaceChildren(...facts.inputs.map((input, i) => inputField(input, i, edited)), ...timeFields(edited), keyField());
}

function build() {
  buildLanguages(() => { build(); changed(0); });
  document.title = say(facts.study.title);
  byId("title").textContent = say(facts.study.title);
  byId("summary").textContent = say(facts.study.summary);
  byId("version").textContent = `· ${words().version} ${facts.version}`;
  byId("card").textContent = words().model;
  buildForm();
  buildComparison();
  buildTrust();
  buildActions();
  showAnswer();
  showBars();
}

byId("inputs").addEventListener("submit", (event) => { event.preventDefault(); useKey(); });
addEventListener("resize", showCurve);
addEventListener("beforeprint", () => { byId("table").open = true; });
addEventListener("hashchange", () => { readAddress(); build(); enqueue(0); });
readAddress();
build();
enqueue(0);
