/** The rows of a batch, counted by what they mean to a person. */

type Rows = Record<string, number>;

export function total(rows: Rows): number {
  return Object.values(rows).reduce((sum, n) => sum + n, 0);
}

/** What somebody has to look at. */
export function untaken(rows: Rows): number {
  return (rows.rejected ?? 0) + (rows.differs ?? 0) + (rows.left ?? 0);
}
