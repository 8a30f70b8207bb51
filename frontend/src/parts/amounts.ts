/** Amounts come as text, so that no cent is lost on the way: here they only get separators, and exact differences. */

/** "1234567.50" is "1,234,567.50"; what is no amount stays as it is. */
export function amount(value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  const found = /^(-?)(\d+)(\.\d+)?$/.exec(String(value));
  if (!found) return String(value);
  const [, sign, whole = "", rest = ""] = found;
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
}

/** left - right, exactly; null where one of them is missing. */
export function less(left: unknown, right: unknown): string | null {
  const one = parts(left);
  const other = parts(right);
  if (!one || !other) return null;
  const scale = Math.max(one.scale, other.scale);
  const gap = one.units * 10n ** BigInt(scale - one.scale) - other.units * 10n ** BigInt(scale - other.scale);
  if (!scale) return gap.toString();
  const digits = (gap < 0n ? -gap : gap).toString().padStart(scale + 1, "0");
  return `${gap < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function parts(value: unknown): { units: bigint; scale: number } | null {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
  if (!found) return null;
  const [, sign, whole = "", rest = ""] = found;
  return { units: BigInt(`${sign}${whole}${rest}`), scale: rest.length };
}
