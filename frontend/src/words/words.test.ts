/** Both languages are complete, no key is missing or unused, and no words stand in the screens themselves. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import zh from "./zh.json";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && !name.endsWith(".d.ts"))
  .map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));
const ALL = SOURCES.map((one) => one.text).join("\n");
const KEYS = Object.keys(zh);

/** Keys as written, and the beginnings of those that are put together from what the hub says. */
const WRITTEN = new Set([...ALL.matchAll(/["'`]([a-z_]+(?:\.[a-z_]+)+)["'`]/g)].map((found) => found[1] as string));
const BEGUN = [...ALL.matchAll(/\bt\(\s*`([a-z_.]+\.)\$\{/g)].map((found) => found[1] as string);

describe("words", () => {
  it("are the same keys in both languages", () => {
    expect(Object.keys(en).sort()).toEqual([...KEYS].sort());
  });

  it("fill the same places", () => {
    const places = (words: string) => [...words.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();
    for (const key of KEYS) expect([key, places(en[key as keyof typeof en])]).toEqual([key, places(zh[key as keyof typeof zh])]);
  });

  it("are there for every key that a screen asks for", () => {
    const asked = [...ALL.matchAll(/\bt\(\s*"([^"]+)"/g)].map((found) => found[1] as string);
    expect(asked.filter((key) => !KEYS.includes(key))).toEqual([]);
    expect(BEGUN.filter((begin) => !KEYS.some((key) => key.startsWith(begin)))).toEqual([]);
  });

  it("are all used", () => {
    const unused = KEYS.filter((key) => !WRITTEN.has(key) && !BEGUN.some((begin) => key.startsWith(begin)));
    expect(unused).toEqual([]);
  });

  it("stand nowhere else", () => {
    const chinese = SOURCES.filter((one) => /\p{Script=Han}/u.test(one.text.replaceAll("Hefu 合符", "")));
    expect(chinese.map((one) => one.name)).toEqual([]);
    const english = SOURCES.filter((one) => one.name.endsWith(".tsx")).flatMap((one) =>
      [...one.text.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)\s*</g)].map((found) => `${one.name}: ${found[1]}`),
    );
    expect(english).toEqual([]);
  });
});
