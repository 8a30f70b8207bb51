import { describe, expect, it } from "vitest";
import { fromCsv, toCsv } from "./csv";

describe("pairs of codes as CSV", () => {
  it("come back as they went, whatever stands in them", () => {
    const values = { "A,1": 'a "quoted"', "'=x": "''-y", "=SUM(A1)": "+x", "-5": "@y", 华东: "east\r\nnorth", "a;b": "c\td" };
    expect(fromCsv(toCsv(values)).values).toEqual(values);
  });

  it("hold nothing that a spreadsheet would run", () => {
    for (const line of toCsv({ "=1+1": "@x" }).split("\r\n")) expect(line).not.toMatch(/"[=+\-@]/);
  });

  it("are read from what a spreadsheet pastes, and a line without two cells is named", () => {
    expect(fromCsv("\uFEFFtheirs;ours\n01;gold\n02;silver\n").values).toEqual({ "01": "gold", "02": "silver" });
    expect(fromCsv("01\tgold\n02\tsilver").values).toEqual({ "01": "gold", "02": "silver" });
    expect(fromCsv("01,gold\n02\n").wrong).toBe(2);
  });

  it("leave out codes to which nobody gave a meaning", () => {
    expect(fromCsv(toCsv({ A: "", B: "b" })).values).toEqual({ B: "b" });
  });
});
