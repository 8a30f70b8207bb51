import { expect, it } from "vitest";
import { amount, less } from "./amounts";

it("separates thousands and loses no cent", () => {
  expect(amount("12345678901234567890.10")).toBe("12,345,678,901,234,567,890.10");
  expect(amount("-1000")).toBe("-1,000");
  expect(amount(null)).toBe("—");
  expect(amount("CNY")).toBe("CNY");
});

it("takes one from another exactly", () => {
  expect(less("0.3", "0.1")).toBe("0.2");
  expect(less("12345678901234567890.10", "0.1")).toBe("12345678901234567890.00");
  expect(less("1", "1.005")).toBe("-0.005");
  expect(less("100", "30")).toBe("70");
  expect(less(null, "1")).toBeNull();
});
