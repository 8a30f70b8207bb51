import { expect, it } from "vitest";
import { at, isReference, plain, replaced, type Schema, typedSecrets } from "./JsonForm";

const SCHEMA: Schema = {
  properties: {
    url: { type: "string" },
    secret: { type: "string", format: "password", writeOnly: true },
    auth: { oneOf: [{ $ref: "#/$defs/Basic" }, { $ref: "#/$defs/None" }], discriminator: { propertyName: "type" } },
    inner: { anyOf: [{ $ref: "#/$defs/Inner" }, { type: "null" }] },
  },
  $defs: {
    Basic: { properties: { type: { const: "basic" }, user: { type: "string" }, password: { type: "string", format: "password" } } },
    None: { properties: { type: { const: "none" } } },
    Inner: { type: "object", properties: { token: { type: "string", format: "password" } } },
  },
};

it("finds the secrets that were typed, and only those", () => {
  const given = { url: "https://x", secret: "a", auth: { type: "basic", user: "u", password: "b" }, inner: { token: "${sealed:crm.token}" } };
  expect(typedSecrets(SCHEMA, given)).toEqual([["secret"], ["auth", "password"]]);
  expect(typedSecrets(SCHEMA, { auth: { type: "none" } })).toEqual([]);
});

it("puts a reference in the place of a value and leaves the rest", () => {
  const given = { auth: { type: "basic", password: "b" }, url: "x" };
  const after = replaced(given, ["auth", "password"], "${sealed:crm.auth.password}");
  expect(after).toEqual({ auth: { type: "basic", password: "${sealed:crm.auth.password}" }, url: "x" });
  expect(at(after, ["auth", "password"])).toBe("${sealed:crm.auth.password}");
  expect(isReference(at(after, ["auth", "password"]))).toBe(true);
});

it("sees through a choice between a number and a reference to one", () => {
  const found = plain({ anyOf: [{ type: "integer", enum: [1, 2] }, { type: "string", description: "${env:NAME}" }], description: "How many" }, {});
  expect(found).toMatchObject({ type: "integer", enum: [1, 2], description: "How many" });
});
