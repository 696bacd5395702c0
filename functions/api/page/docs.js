"use strict";
// The page at /docs: the description of openapi.json, for people.
const byId = (id) => document.getElementById(id);
const make = (name, text, ...children) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
};

// What a schema allows, in words. Named parts stand under components.
const named = (schema, components) => (schema.$ref ? components[schema.$ref.split("/").at(-1)] || {} : schema);

function words(given, components) {
  const schema = named(given, components);
  const choices = (schema.anyOf || []).map((choice) => (choice.type === "null" ? "null" : words(choice, components)));
  if (choices.length) return choices.join(" or ");
  if (schema.enum) return schema.enum.join(", ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === "array") {
    const [least, most] = [schema.minItems, schema.maxItems];
    const count = least === undefined ? "" : least === most ? `${least} ` : `${least} to ${most} `;
    return `a list of ${count}(${words(schema.items || {}, components)})`;
  }
  if (schema.properties) return `an object with ${Object.keys(schema.properties).join(", ")}`;
  if (schema.minimum !== undefined) return `a ${schema.type} from ${schema.minimum} to ${schema.maximum}`;
  return schema.type || "any JSON";
}

// A table that is too wide for a phone scrolls by itself, by keyboard too.
function table(label, headings, rows) {
  const heads = headings.map((text) => Object.assign(make("th", text), { scope: "col" }));
  const made = make("div", undefined, make("table", undefined, make("thead", undefined, make("tr", undefined, ...heads)), make("tbody", undefined, ...rows)));
  return Object.assign(made, { className: "wide", tabIndex: 0, role: "region", ariaLabel: label });
}

// Fields that say what they mean; the column of meanings is left out where none does.
function fields(schema, components, label, kind) {
  const every = Object.entries(schema.properties || {});
  const explained = every.some(([, field]) => field.description);
  const rows = every.map(([name, field]) => make("tr", undefined,
    make("td", undefined, make("code", name)), make("td", words(field, components)),
    ...(explained ? [make("td", field.description || "–")] : [])));
  return table(`${label}: ${kind}`, [kind, "holds", ...(explained ? ["meaning"] : [])], rows);
}

function operation(path, method, described, components) {
  const section = make("section");
  const label = `${method.toUpperCase()} ${path}`;
  section.append(make("h2", undefined, make("code", label)));
  section.append(make("p", described.description || described.summary));
  const body = described.requestBody?.content["application/json"];
  const schema = named(body?.schema || {}, components);
  const address = new URL(path.slice(1), document.baseURI);
  const data = body ? ` \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(schema.examples?.[0] ?? {}).replaceAll("'", "'\\''")}'` : "";
  const key = described.security ? " \\\n  -H 'x-api-key: YOUR-KEY'  # where API Gateway checks one" : "";
  if (body) section.append(fields(schema, components, label, "takes"));
  const code = make("pre", `curl ${address}${data}${key}`);
  code.tabIndex = 0; // so that the keyboard can scroll it
  section.append(code);
  const refusals = [];
  for (const [status, answer] of Object.entries(described.responses)) {
    const answered = named(answer.content?.["application/json"]?.schema || {}, components);
    if (status >= 400) refusals.push(make("tr", undefined, make("td", status), make("td", answer.description)));
    else if (answered.properties) section.append(fields(answered, components, label, "returns"));
  }
  if (refusals.length) section.append(table(`${label}: errors`, ["error", "meaning"], refusals));
  return section;
}

async function describe() {
  const described = await (await fetch("openapi.json")).json();
  byId("title").textContent = described.info.title;
  byId("lead").textContent = `${described.info.description} Version ${described.info.version}.`;
  const operations = Object.entries(described.paths).flatMap(([path, methods]) => Object.entries(methods).map(
    ([method, each]) => operation(path, method, each, described.components?.schemas || {})));
  byId("operations").replaceChildren(...operations);
}
describe().catch(() => { byId("lead").textContent = "The whole description can't be read here: see openapi.json."; });
