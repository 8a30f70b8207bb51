import { describe, expect, it } from "vitest";
import { changed, type Document, flawsAt, joined, mapsAt, type OurField, type TheirField, withMaps, withParameter } from "./model";

const ours = (name: string, more: Partial<OurField> = {}) => ({ name, type: "text", fixed: false, ...more }) as OurField;
const theirs = (name: string, writable = true) => ({ name, writable }) as TheirField;

describe("a mapping that is edited", () => {
  it("takes a pair once, one way where only one side can write", () => {
    const maps = joined(joined([], ours("name"), theirs("FName")), ours("name"), theirs("Name", false));
    expect(maps).toEqual([{ field: "name", from: "Name", direction: "in" }]);
    expect(joined([], ours("balance", { fixed: true }), theirs("FBalance"))[0]?.direction).toBe("out");
    expect(joined([], ours("items", { type: "lines" }), theirs("FEntry"))[0]?.lines).toEqual([]);
  });

  it("says nothing that goes without saying", () => {
    const maps = changed([{ field: "a", from: "b", direction: "in", transform: ["trim"] }], 0, { direction: "both", transform: [], clear: true });
    expect(maps).toEqual([{ field: "a", from: "b" }]);
  });

  it("writes a step without parameters as its name", () => {
    expect(withParameter("case", "to", "upper")).toEqual({ use: "case", to: "upper" });
    expect(withParameter({ use: "case", to: "upper" }, "to", undefined)).toBe("case");
  });

  it("changes lines inside of their field", () => {
    const document: Document = { connection: "c", object: "o", entity: "e", fields: [{ field: "x" }, { field: "lines", lines: [] }] };
    const after = withMaps(document, 1, [{ field: "price" }]);
    expect(mapsAt(after, 1)).toEqual([{ field: "price" }]);
    expect(after.fields[0]).toEqual({ field: "x" });
  });

  it("knows which pair a problem is about", () => {
    const flaw = (path: (string | number)[]) => ({ path }) as Parameters<typeof flawsAt>[0][number];
    const flaws = [flaw(["fields", 0, "from"]), flaw(["fields", 1, "lines", 0, "field"])];
    expect(flawsAt(flaws, null, 0)).toHaveLength(1);
    expect(flawsAt(flaws, 1, 0)).toHaveLength(1);
    expect(flawsAt(flaws, null, 1)).toHaveLength(1);
  });
});
