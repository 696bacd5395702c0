"use strict";
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

function table(...headings) {
  return make("table", undefined, make("tr", undefined, ...headings.map((text) => make("th", text))));
}

// A table that is too wide for a phone scrolls by itself.
function wide(table) {
  const made = make("div", undefined, table);
  made.className = "wide";
  made.tabIndex = 0;
  return made;
}

function fields(schema, components, kind) {
  const made = table(kind, "holds", "meaning");
  for (const [name, field] of Object.entries(schema.properties || {})) {
    made.append(make("tr", undefined,
      make("td", undefined, make("code", name)),
      make("td", words(field, components)),
      make("td", field.description || "")));
  }
  return made;
}

function operation(path, method, described, components) {
  const section = make("section");
  section.append(make("h2", undefined, make("code", `${method.toUpperCase()} ${path}`)));
  section.append(make("p", described.description || described.summary));
  const body = described.requestBody?.content["application/json"];
  const schema = named(body?.schema || {}, components);
  const address = new URL(path.slice(1), document.baseURI);
  const data = body ? ` \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(schema.examples?.[0] ?? {}).replaceAll("'", "'\\''")}'` : "";
  const key = described.security ? " \\\n  -H 'x-api-key: YOUR-KEY'  # where API Gateway checks one" : "";
  if (body) section.append(wide(fields(schema, components, "takes")));
  const code = make("pre", `curl ${address}${data}${key}`);
  code.tabIndex = 0; // so that the keyboard can scroll it
  section.append(code);
  const refusals = table("errors", "meaning");
  for (const [status, answer] of Object.entries(described.responses)) {
    const answered = named(answer.content?.["application/json"]?.schema || {}, components);
    if (status >= 400) refusals.append(make("tr", undefined, make("td", status), make("td", answer.description)));
    else if (answered.properties) section.append(wide(fields(answered, components, "returns")));
  }
  if (refusals.rows.length > 1) section.append(wide(refusals));
  return section;
}

async function describe() {
  const described = await (await fetch("openapi.json")).json();
  byId("title").textContent = described.info.title;
  byId("lead").textContent = `${described.info.description} Version ${described.info.version}.`;
  for (const [path, methods] of Object.entries(described.paths)) {
    for (const [method, each] of Object.entries(methods)) {
      byId("operations").append(operation(path, method, each, described.components?.schemas || {}));
    }
  }
}
describe().catch(() => { byId("lead").textContent = "The description can't be read: see openapi.json."; });
