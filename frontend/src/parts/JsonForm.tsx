/** A form made from the JSON Schema of a connector's settings. Secrets go in and never come out.
 *
 *  Our own, and not a library's: those compile schemas into code when the page runs, which the console's CSP forbids.
 *  The hub checks what is sent; this only offers the right box for each setting.
 */
import { Alert, Collapse, Flex, Form, Input, InputNumber, Select, Switch, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

export interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  format?: string;
  writeOnly?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  discriminator?: { propertyName: string };
  $ref?: string;
  $defs?: Record<string, Schema>;
}

export type Settings = Record<string, unknown>;

/** A value that stands elsewhere: ${env:NAME}, ${sealed:NAME}. */
export function isReference(value: unknown): boolean {
  return typeof value === "string" && /^\$\{(env|file|keyring|sealed):/.test(value);
}

export function isSecret(schema: Schema): boolean {
  return schema.writeOnly === true || schema.format === "password";
}

/** What it really is: references followed, and the branch of a choice with nothing or with a reference. */
export function plain(schema: Schema, defs: Record<string, Schema>): Schema {
  if (schema.$ref) return plain({ ...defs[schema.$ref.replace("#/$defs/", "")], ...(schema.description ? { description: schema.description } : {}) }, defs);
  const real = schema.anyOf?.filter((one) => one.type !== "null" && !(one.type === "string" && one.description === "${env:NAME}"));
  return real?.length === 1 && real[0] ? plain({ ...real[0], description: schema.description }, defs) : schema;
}

/** The line of a description that is in this language: the hub writes English, then Chinese. */
function told(schema: Schema, language: string): string {
  const lines = (schema.description ?? "").split("\n");
  return (language === "zh" ? lines[1] : lines[0]) ?? lines[0] ?? "";
}

/** Settings that must be given stand first, the rest behind a fold. */
export function JsonForm({ schema, value, change, kept }: { schema: Schema; value: Settings; change: (next: Settings) => void; kept: Settings }) {
  const { t } = useTranslation();
  const defs = schema.$defs ?? {};
  const all = Object.entries(schema.properties ?? {});
  const first = all.filter(([name, one]) => schema.required?.includes(name) || isSecret(plain(one, defs)) || kept[name] !== undefined);
  const rest = all.filter((one) => !first.includes(one));
  const field = ([name, one]: [string, Schema]) => (
    <Setting
      key={name}
      name={name}
      schema={one}
      defs={defs}
      required={schema.required?.includes(name) ?? false}
      value={value[name]}
      kept={kept[name]}
      change={(next) => change(without({ ...value, [name]: next }))}
    />
  );
  return (
    <>
      {first.map(field)}
      {rest.length > 0 && <Collapse ghost items={[{ key: "rest", label: t("form.more", { n: rest.length }), children: rest.map(field) }]} />}
    </>
  );
}

/** What was emptied is not sent: its default counts. */
function without(given: Settings): Settings {
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined && one !== ""));
}

function Setting({ name, schema, defs, required, value, kept, change }: {
  name: string; schema: Schema; defs: Record<string, Schema>; required: boolean; value: unknown; kept: unknown; change: (next: unknown) => void;
}) {
  const { i18n } = useTranslation();
  const real = plain(schema, defs);
  const label = told(schema, i18n.language) || told(real, i18n.language) || name;
  const group = real.type === "object" && real.properties ? real : real.oneOf && real.discriminator ? real : undefined;
  if (group) {
    return (
      <fieldset style={{ border: 0, padding: 0, margin: "0 0 16px" }}>
        <legend style={{ fontWeight: 600, fontSize: 14 }}>{label}</legend>
        <div style={{ paddingInlineStart: 16 }}>
          <Group schema={group} defs={defs} value={asSettings(value)} kept={asSettings(kept)} change={change} />
        </div>
      </fieldset>
    );
  }
  return (
    <Form.Item label={label} required={required} htmlFor={`set-${name}`} extra={<Typography.Text type="secondary" code>{name}</Typography.Text>}>
      <Box id={`set-${name}`} schema={real} value={value} kept={kept} change={change} label={label} />
    </Form.Item>
  );
}

function Group({ schema, defs, value, kept, change }: { schema: Schema; defs: Record<string, Schema>; value: Settings; kept: Settings; change: (next: unknown) => void }) {
  const { t, i18n } = useTranslation();
  const by = schema.discriminator?.propertyName;
  if (!schema.oneOf || !by) return <JsonForm schema={{ ...schema, $defs: defs }} value={value} kept={kept} change={change} />;
  const kinds = schema.oneOf.map((one) => plain(one, defs));
  const wordOf = (one: Schema) => String(one.properties?.[by]?.const ?? "");
  const chosen = kinds.find((one) => wordOf(one) === value[by]);
  const { [by]: _, ...rest } = chosen?.properties ?? {};
  return (
    <>
      <Form.Item>
        <Select
          value={value[by] as string | undefined}
          placeholder={t("form.choose")}
          aria-label={by}
          onChange={(word: string) => change({ [by]: word })}
          options={kinds.map((one) => ({ value: wordOf(one), label: told(one.properties?.[by] ?? {}, i18n.language) || wordOf(one) }))}
        />
      </Form.Item>
      {chosen && (
        <JsonForm
          schema={{ ...chosen, properties: rest, required: chosen.required?.filter((one) => one !== by), $defs: defs }}
          value={value}
          kept={kept}
          change={(next) => change({ ...next, [by]: value[by] })}
        />
      )}
    </>
  );
}

function Box({ id, schema, value, kept, change, label }: { id: string; schema: Schema; value: unknown; kept: unknown; change: (next: unknown) => void; label: string }) {
  const { t } = useTranslation();
  const hint = schema.default === undefined || schema.default === null || schema.default === "" || typeof schema.default === "object" ? undefined : String(schema.default);
  if (isSecret(schema)) {
    const set = isReference(kept);
    return (
      <Input.Password
        id={id}
        autoComplete="new-password"
        value={isReference(value) ? "" : ((value as string | undefined) ?? "")}
        placeholder={set ? t("form.secret.set") : t("form.secret.new")}
        onChange={(event) => change(event.target.value || (set ? kept : undefined))}
      />
    );
  }
  if (schema.enum) {
    return (
      <Select id={id} allowClear value={value} placeholder={hint} onChange={change} options={schema.enum.map((one) => ({ value: one, label: String(one) }))} />
    );
  }
  if (schema.type === "boolean" && !isReference(value)) {
    return <Switch id={id} aria-label={label} checked={(value ?? schema.default) === true} onChange={change} />;
  }
  if ((schema.type === "integer" || schema.type === "number") && !isReference(value)) {
    return <InputNumber id={id} style={{ width: "100%" }} value={value as number | undefined} placeholder={hint} precision={schema.type === "integer" ? 0 : undefined} onChange={(next) => change(next ?? undefined)} />;
  }
  if (schema.type === "array" && schema.items?.type === "string") {
    return <Select id={id} mode="tags" value={(value as string[] | undefined) ?? []} onChange={(next: string[]) => change(next.length ? next : undefined)} tokenSeparators={[","]} />;
  }
  if (schema.type === "string" || schema.type === "integer" || schema.type === "number" || schema.type === "boolean") {
    return <Input id={id} value={(value as string | undefined) ?? ""} placeholder={hint} onChange={(event) => change(event.target.value || undefined)} />;
  }
  return <AsJson id={id} value={value} change={change} />;
}

/** Maps and lists of parts are typed as JSON: no form would make them clearer. */
function AsJson({ id, value, change }: { id: string; value: unknown; change: (next: unknown) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [wrong, setWrong] = useState(false);
  const settle = (next: string) => {
    setText(next);
    try {
      change(next.trim() ? (JSON.parse(next) as unknown) : undefined);
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return (
    <Flex vertical gap={4}>
      <Input.TextArea id={id} autoSize={{ minRows: 2, maxRows: 14 }} value={text} status={wrong ? "error" : undefined} style={{ fontFamily: "monospace" }} onChange={(event) => settle(event.target.value)} />
      {wrong && <Alert type="warning" title={t("form.not_json")} />}
    </Flex>
  );
}

function asSettings(value: unknown): Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Settings) : {};
}

/** Secrets that were typed now, by their path in the settings: ["auth", "password"]. */
export function typedSecrets(schema: Schema, value: Settings, defs: Record<string, Schema> = schema.$defs ?? {}): string[][] {
  const real = plain(schema, defs);
  const by = real.discriminator?.propertyName;
  const chosen = real.oneOf && by ? real.oneOf.map((one) => plain(one, defs)).find((one) => one.properties?.[by]?.const === value[by]) : real;
  return Object.entries(chosen?.properties ?? {}).flatMap(([name, one]) => {
    const inner = plain(one, defs);
    const now = value[name];
    if (isSecret(inner)) return typeof now === "string" && now && !isReference(now) ? [[name]] : [];
    return typeof now === "object" && now !== null && !Array.isArray(now) ? typedSecrets(inner, now as Settings, defs).map((path) => [name, ...path]) : [];
  });
}

/** The settings with the value at this path exchanged. */
export function replaced(value: Settings, path: string[], by: unknown): Settings {
  const [name = "", ...rest] = path;
  return { ...value, [name]: rest.length ? replaced(asSettings(value[name]), rest, by) : by };
}

/** The value at this path. */
export function at(value: Settings, path: string[]): unknown {
  return path.reduce<unknown>((now, name) => asSettings(now)[name], value);
}
