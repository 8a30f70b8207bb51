/** Pairs of codes as a CSV file and back: what Excel opens must not be a formula, and comes back as it was. */

const HEAD = ["theirs", "ours"] as const;
const RISKY = /^'*[=+\-@\t\r]/;

/** RFC 4180, each cell quoted; what a spreadsheet would run is kept from it by an apostrophe. */
export function toCsv(values: Record<string, string>): string {
  const cell = (text: string) => `"${(RISKY.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return [[...HEAD], ...Object.entries(values)].map((row) => row.map(cell).join(",")).join("\r\n");
}

/** The pairs of a file; `wrong`: the line that does not hold two cells. Separated by comma, semicolon or tab. */
export function fromCsv(text: string): { values: Record<string, string>; wrong?: number } {
  const values: Record<string, string> = {};
  const rows = cells(text.replace(/^\uFEFF/, ""));
  for (const [at, row] of rows.entries()) {
    if (row.every((one) => one.trim() === "")) continue;
    const [theirs, ours, ...more] = row.map((one) => (/^'+[=+\-@\t\r]/.test(one) ? one.slice(1) : one));
    if (at === 0 && theirs === HEAD[0] && ours === HEAD[1]) continue;
    if (theirs === undefined || ours === undefined || more.some((one) => one !== "")) return { values: {}, wrong: at + 1 };
    if (ours !== "") values[theirs] = ours;
  }
  return { values };
}

function cells(text: string): string[][] {
  const first = text.split(/\r?\n/, 1)[0] ?? "";
  const mark = [",", ";", "\t"].find((one) => first.includes(one)) ?? ",";
  const rows: string[][] = [[]];
  let held = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (quoted) {
      if (letter !== '"') held += letter;
      else if (text[at + 1] === '"') {
        held += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && held === "") quoted = true;
    else if (letter === mark) {
      rows.at(-1)?.push(held);
      held = "";
    } else if (letter === "\n") {
      rows.at(-1)?.push(held.replace(/\r$/, ""));
      held = "";
      rows.push([]);
    } else held += letter;
  }
  rows.at(-1)?.push(held.replace(/\r$/, ""));
  return rows;
}
