/** The counters of a run, summed over its mappings and told in words. */
import type { TFunction } from "i18next";

/** "crm-customer.read" and "erp-customer.read" are both read. */
export function summed(counts: Record<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, n] of Object.entries(counts)) {
    const parts = name.split(".");
    const what = parts.at(-1) ?? name;
    const key = parts.includes("delivered") ? `delivered.${what}` : what;
    sums.set(key, (sums.get(key) ?? 0) + n);
  }
  return sums;
}

/** What there is more than none of, in the order that counts. */
export function summary(counts: Record<string, number>, t: TFunction): string {
  const told = [...summed(counts)].filter(([what, n]) => n > 0 && !["prepared", "repeated"].includes(what));
  if (!told.length) return t("runs.nothing");
  return told.map(([what, n]) => `${t(`count.${what}`, what)} ${n.toLocaleString()}`).join(" · ");
}
