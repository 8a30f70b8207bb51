/** A mapping as it is edited: plain data and what can be done to it. */
import type { Shape } from "../../api/client";

export type Step = string | ({ use: string } & Record<string, unknown>);
export type Direction = "both" | "in" | "out";

export interface FieldMap {
  field: string;
  from?: string | null;
  direction?: Direction;
  transform?: Step[];
  values?: Record<string, string>;
  values_default?: string | null;
  expr_in?: string | null;
  expr_out?: string | null;
  blank?: "null" | "empty" | "ignore";
  clear?: boolean;
  lookup?: string | null;
  lines?: FieldMap[];
}

export interface Document extends Record<string, unknown> {
  connection: string;
  object: string;
  entity: string;
  fields: FieldMap[];
  filter?: string | null;
  out_filter?: string | null;
  create?: boolean;
  update?: boolean;
}

export type OurField = Shape["EntityField"];
export type TheirField = Shape["FieldOf"];
export type Rules = Record<string, { owner: string | null; conflict: string; on_foreign_edit: string; priority: string[] }>;

/** Which part is looked at: the record itself (null), or the lines of the field map at this place. */
export type Level = number | null;

export function source(map: FieldMap): string {
  return map.from ?? map.field;
}

export function mapsAt(document: Document, level: Level): FieldMap[] {
  return level === null ? document.fields : (document.fields[level]?.lines ?? []);
}

export function withMaps(document: Document, level: Level, maps: FieldMap[]): Document {
  if (level === null) return { ...document, fields: maps };
  return { ...document, fields: document.fields.map((one, at) => (at === level ? { ...one, lines: maps } : one)) };
}

/** A new pair. What only one side can write goes one way. */
export function joined(maps: FieldMap[], ours: OurField, theirs: TheirField | string, transform: Step[] = []): FieldMap[] {
  const from = typeof theirs === "string" ? theirs : theirs.name;
  const one: FieldMap = { field: ours.name, from };
  if (transform.length) one.transform = transform;
  if (ours.fixed) one.direction = "out";
  else if (typeof theirs !== "string" && !theirs.writable) one.direction = "in";
  if (ours.type === "lines") one.lines = [];
  return [...maps.filter((map) => map.field !== ours.name), one];
}

export function changed(maps: FieldMap[], at: number, changes: Partial<FieldMap>): FieldMap[] {
  return maps.map((one, place) => (place === at ? clean({ ...one, ...changes }) : one));
}

/** What says nothing is left out, so that the document stays as short as people would write it. */
function clean(map: FieldMap): FieldMap {
  const kept = Object.entries(map).filter(([name, value]) => {
    if (value === undefined || value === null || value === "") return false;
    if (name === "transform" && Array.isArray(value)) return value.length > 0;
    if (name === "values" && typeof value === "object") return Object.keys(value).length > 0;
    if (name === "direction") return value !== "both";
    if (name === "blank") return value !== "null";
    return name !== "clear" || value === false;
  });
  return Object.fromEntries(kept) as unknown as FieldMap;
}

/** As it is tried and saved: a code that was not given a meaning yet is none. */
export function tidy(document: Document): Document {
  const maps = (all: FieldMap[]): FieldMap[] =>
    all.map(({ values, lines, ...rest }) => {
      const pairs = Object.entries(values ?? {}).filter(([theirs, ours]) => theirs !== "" && ours !== "");
      return { ...rest, ...(pairs.length ? { values: Object.fromEntries(pairs) } : {}), ...(lines ? { lines: maps(lines) } : {}) };
    });
  return { ...document, fields: maps(document.fields) };
}

export function stepName(step: Step): string {
  return typeof step === "string" ? step : step.use;
}

export function parameters(step: Step): Record<string, unknown> {
  if (typeof step === "string") return {};
  const { use: _, ...rest } = step;
  return rest;
}

/** A step with one parameter set; without any it is written as its name alone. */
export function withParameter(step: Step, name: string, value: unknown): Step {
  const rest = { ...parameters(step) };
  if (value === undefined || value === null || value === "") delete rest[name];
  else rest[name] = value;
  return Object.keys(rest).length ? { use: stepName(step), ...rest } : stepName(step);
}

export function rulesOf(fields: readonly OurField[]): Rules {
  return Object.fromEntries(
    fields
      .filter((one) => !one.fixed)
      .map((one) => [one.name, { owner: one.owner, conflict: one.conflict, on_foreign_edit: one.on_foreign_edit, priority: one.priority }]),
  );
}

/** What is sent of them: an owner that depends on the record is changed in the document alone. */
export function rulesToSave(rules: Rules, fields: readonly OurField[]): Record<string, Shape["FieldRules"]> {
  return Object.fromEntries(
    fields
      .filter((one) => rules[one.name] !== undefined)
      .map((one) => {
        const { owner, ...rest } = rules[one.name] as Rules[string];
        return [one.name, (one.owner_depends ? rest : { owner, ...rest }) as Shape["FieldRules"]];
      }),
  );
}

/** Errors and warnings of one field map, of all that stands below its place. */
export function flawsAt(flaws: readonly Shape["Flaw"][], level: Level, at: number): Shape["Flaw"][] {
  return flaws.filter(({ path }) =>
    path[0] === "fields" && (level === null ? path[1] === at : path[1] === level && path[2] === "lines" && path[3] === at));
}
