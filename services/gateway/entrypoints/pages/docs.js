// Renders /openapi.json. No library, nothing from elsewhere.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const ROLES = 5;
let spec;

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// `code` and **bold** are all the Markdown that the descriptions use.
const rich = (text) =>
  text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    return part;
  });

const resolve = (schema) => {
  if (schema && schema.$ref) return spec.components.schemas[schema.$ref.split("/").pop()];
  return schema || {};
};

// A schema that may be null is written as anyOf or as a list of types: the thing itself, and whether it may be null.
const plain = (schema) => {
  const choice = schema.anyOf || schema.oneOf;
  if (choice) {
    const real = choice.filter((one) => one.type !== "null");
    if (real.length === 1) return [real[0], real.length < choice.length];
  }
  if (schema.allOf && schema.allOf.length === 1) return [schema.allOf[0], false];
  if (Array.isArray(schema.type)) {
    const real = schema.type.filter((one) => one !== "null");
    return [{ ...schema, type: real[0] }, real.length < schema.type.length];
  }
  return [schema, false];
};

const named = (schema) => (schema.$ref ? schema.$ref.split("/").pop() : null);

const kind = (given) => {
  const [schema, nullable] = plain(given);
  const end = nullable ? " or null" : "";
  if (schema.type === "array") return `list of ${kind(schema.items || {})}${end}`;
  const name = named(schema);
  if (name) return name + end;
  let said = schema.format || schema.type || "anything";
  if (schema.type === "object" && schema.additionalProperties && schema.additionalProperties !== true)
    said = `map to ${kind(schema.additionalProperties)}`;
  const limits = [];
  if (schema.enum) limits.push(schema.enum.filter((one) => one !== null).join(" | "));
  if (schema.minimum !== undefined || schema.maximum !== undefined)
    limits.push(`${schema.minimum ?? "…"} to ${schema.maximum ?? "…"}`);
  if (schema.maxLength !== undefined && !schema.format) limits.push(`up to ${schema.maxLength} characters`);
  if (schema.pattern) limits.push(schema.pattern);
  if (schema.default !== undefined && schema.default !== null && schema.default !== "")
    limits.push(`default ${JSON.stringify(schema.default)}`);
  return said + (limits.length ? `: ${limits.join(", ")}` : "") + end;
};

const inner = (given) => {
  const [schema] = plain(given);
  if (schema.type === "array") return inner(schema.items || {});
  // Money is everywhere and explained at the top.
  if ((named(schema) || "").startsWith("Money")) return null;
  const real = resolve(schema);
  return real.properties ? real : null;
};

const fields = (schema, trail = []) => {
  const box = make("div", { class: "fields" });
  for (const [name, property] of Object.entries(schema.properties || {})) {
    const required = (schema.required || []).includes(name);
    const row = make(
      "div",
      { class: "field" },
      make("span", { class: `name${required ? " required" : ""}` }, name),
      make("span", { class: "kind" }, kind(property)),
    );
    if (property.description) row.append(make("span", { class: "note" }, ...rich(property.description)));
    const deeper = inner(property);
    if (deeper && !trail.includes(deeper)) {
      const more = make("details", {}, make("summary", {}, "Its fields"));
      more.addEventListener("toggle", () => more.childElementCount < 2 && more.append(fields(deeper, [...trail, schema])));
      row.append(more);
    }
    box.append(row);
  }
  if (!box.childElementCount) box.append(make("div", { class: "field" }, make("span", { class: "kind" }, "Nothing.")));
  return box;
};

const example = (given, depth = 0) => {
  const [schema] = plain(given);
  const real = resolve(schema);
  if (real.examples) return real.examples[0];
  if (real.default !== undefined && real.default !== null) return real.default;
  if (real.enum) return real.enum[0];
  if (real.type === "array") return depth > 5 ? [] : [example(real.items || {}, depth + 1)];
  if (real.properties) {
    const all = Object.keys(real.properties);
    // One of email and phone is needed, which a list of required fields cannot say.
    const wanted = (real.required || []).length ? all.filter((name) => name === "email" || real.required.includes(name)) : all;
    return Object.fromEntries(wanted.map((name) => [name, exampleOf(name, real.properties[name], depth)]));
  }
  if (real.format === "uuid") return "019b8d02-0000-7000-8000-0000000000c1";
  if (real.format === "date-time") return "2026-01-05T08:00:00.000Z";
  if (real.type === "integer") return Math.max(real.minimum ?? 1, 1);
  if (real.type === "number") return 1.5;
  if (real.type === "boolean") return true;
  if (real.type === "object") return {};
  return "…";
};

const KNOWN = {
  lat: 30.27, lon: 120.15, currency: "CNY", amount: 1250, name: "Lan's Fruit", email: "lan@example.org",
  phone: "+8657155550100", password: "correct horse battery", category: "fruit", address: "12 Willow Lane",
  contact: "Lan, 0571-5555-0100", reason: "changed my mind", q: "apple", south: 30.2, north: 30.4, west: 120, east: 120.3,
};
const exampleOf = (name, property, depth) => KNOWN[name] ?? example(property, depth + 1);

const curl = (method, path, operation) => {
  const filled = path.replace(/\{(\w+)\}/g, "<$1>");
  const query = (operation.parameters || [])
    .filter((one) => one.in === "query" && one.required)
    .map((one) => `${one.name}=${encodeURIComponent(exampleOf(one.name, one.schema, 0))}`);
  const lines = [`curl -X ${method.toUpperCase()} '${location.origin}${filled}${query.length ? `?${query.join("&")}` : ""}'`];
  if (operation.security.length && Object.keys(operation.security[0]).length) lines.push("-H \"Authorization: Bearer $TOKEN\"");
  if ((operation.parameters || []).some((one) => one.name === "Idempotency-Key")) lines.push("-H \"Idempotency-Key: $(uuidgen)\"");
  const body = operation.requestBody && operation.requestBody.content["application/json"].schema;
  if (body && Object.keys(resolve(body).properties || {}).length) {
    lines.push("-H 'Content-Type: application/json'");
    lines.push(`-d '${JSON.stringify(example(body), null, 2)}'`);
  }
  return lines.join(" \\\n  ");
};

const copyable = (text) => {
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return make("div", { class: "curl" }, make("pre", {}, text), button);
};

const parameterRows = (parameters) => {
  const box = make("div", { class: "fields" });
  for (const one of parameters) {
    const row = make(
      "div",
      { class: "field" },
      make("span", { class: `name${one.required ? " required" : ""}` }, one.name),
      make("span", { class: "kind" }, `${one.in === "query" ? "" : `${one.in}, `}${kind(one.schema || {})}`),
    );
    const note = one.description || (one.schema && one.schema.description);
    if (note) row.append(make("span", { class: "note" }, ...rich(note)));
    box.append(row);
  }
  return box;
};

const detail = (method, path, operation) => {
  const box = make("div", { class: "detail" });
  if (operation.description) box.append(make("p", { class: "summary" }, ...rich(operation.description)));
  if (operation.parameters) box.append(make("h3", {}, "Parameters"), parameterRows(operation.parameters));
  if (operation.requestBody) {
    const schema = operation.requestBody.content["application/json"].schema;
    if (inner(schema)) box.append(make("h3", {}, "Body"), fields(inner(schema)));
  }
  const answers = make("div", { class: "answers" });
  for (const [status, response] of Object.entries(operation.responses)) {
    const good = status.startsWith("2");
    const schema = response.content && response.content["application/json"] && response.content["application/json"].schema;
    answers.append(
      make(
        "div",
        {},
        make("span", { class: `status ${good ? "ok" : "no"}` }, status === "default" ? "other" : status),
        ...rich(response.description + (good && schema && named(schema) ? `: \`${named(schema)}\`` : "")),
      ),
    );
    if (good && schema && inner(schema)) answers.append(fields(inner(schema)));
  }
  box.append(make("h3", {}, "Answers"), answers);
  box.append(make("h3", {}, "Try it"), copyable(curl(method, path, operation)));
  return box;
};

const shown = (roles) => (roles.length < ROLES ? roles : ["every role"]);

const call = (method, path, operation) => {
  const pretty = path.split(/(\{\w+\})/).map((part) => (part.startsWith("{") ? make("i", {}, part) : part));
  const element = make(
    "details",
    { class: "call", id: operation.operationId },
    make(
      "summary",
      {},
      make("span", { class: `method ${method.toUpperCase()}` }, method.toUpperCase()),
      make("span", { class: "path" }, ...pretty),
      make("span", { class: "roles" }, ...shown(operation["x-roles"]).map((role) => make("span", { class: `role ${role}` }, role))),
      make("span", { class: "what" }, operation.summary),
    ),
  );
  element.addEventListener("toggle", () => {
    if (element.open && element.childElementCount < 2) element.append(detail(method, path, operation));
  });
  element.dataset.text = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  element.dataset.roles = operation["x-roles"].join(" ");
  return element;
};

const narrow = () => {
  const text = document.getElementById("filter").value.trim().toLowerCase();
  const role = document.getElementById("role").value;
  for (const element of document.querySelectorAll(".call")) {
    const open = element.dataset.roles.split(" ");
    const right = !role || open.includes(role) || open.includes("anyone");
    const found = text.split(/\s+/).every((word) => element.dataset.text.includes(word) || open.includes(word));
    element.hidden = !(right && found);
    document.querySelector(`nav a[href="#${element.id}"]`).hidden = element.hidden;
  }
  for (const section of document.querySelectorAll(".tag")) {
    section.hidden = !section.querySelector(".call:not([hidden])");
    document.getElementById(`nav-${section.id}`).hidden = section.hidden;
  }
};

const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target && target.matches("details")) {
    target.open = true;
    target.scrollIntoView();
  }
};

const show = () => {
  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  const about = make("section", { class: "about" }, make("h1", {}, `${spec.info.title} API`));
  for (const paragraph of (spec.info.description || "").trim().split(/\n\n+/))
    about.append(make("p", {}, ...rich(paragraph.replace(/\n/g, " "))));
  about.append(make("p", { class: "legend" }, "* needed. The roles on the right say to whom a call is open. "));
  main.replaceChildren(about);
  const roles = new Set();
  for (const { name } of spec.tags) {
    const id = `tag-${name.toLowerCase().replace(/\W+/g, "-")}`;
    const section = make("section", { class: "tag", id }, make("h2", {}, name));
    const group = make("div", { id: `nav-${id}` }, make("h2", {}, name));
    for (const [path, item] of Object.entries(spec.paths)) {
      for (const method of METHODS) {
        const operation = item[method];
        if (!operation || !operation.tags.includes(name)) continue;
        operation["x-roles"].forEach((role) => role !== "anyone" && roles.add(role));
        section.append(call(method, path, operation));
        group.append(make("a", { href: `#${operation.operationId}` }, operation.summary));
      }
    }
    main.append(section);
    nav.append(group);
  }
  document.getElementById("role").append(...[...roles].map((role) => make("option", { value: role }, role)));
  document.getElementById("filter").addEventListener("input", narrow);
  document.getElementById("role").addEventListener("change", narrow);
  addEventListener("hashchange", openTarget);
  openTarget();
};

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((found) => { spec = found; show(); })
  .catch((error) => {
    document.getElementById("main").replaceChildren(make("p", { class: "verdict" }, `openapi.json could not be read: ${error.message}`));
  });
