// What becomes of a request: its answer, or a sentence that says why there is none.
let locked = false; // until there is a key that may be good

// A page gives `changed(pause)`, which asks again.
function message(text, retry) {
  const again = make("button", { type: "button", textContent: words().again, onclick: () => changed(0) });
  byId("messages").replaceChildren(...(text ? [make("p", {}, text, " ", ...(retry ? [again] : []))] : []));
}

const waiting = (seconds) => message(words().busy(seconds));

// The answer to a request, or null where there is none; `refused` is given the fields at fault.
async function request(path, body, refused = () => false) {
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
    message("");
    askForKey(key.value ? words().keyWrong : words().keyNeeded);
  } else if (status === 429) message(words().tooBusy, true);
  else if (status === 422) message(refused(answer.errors ?? []) ? "" : answer.detail ?? words().failed(status));
  else message(words().failed(status), true);
  return null;
}

// The key is used when it is complete: on Enter, on "Use", or on leaving the field.
function keyField() {
  const control = make("input", { type: "password", autocomplete: "off", value: key.value, onchange: useKey });
  const made = field("key", "", words().key, control, words().keyHelp, make("button", { textContent: words().use }));
  made.hidden = !locked && !key.value;
  return made;
}

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
