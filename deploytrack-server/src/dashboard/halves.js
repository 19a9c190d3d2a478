// @ts-check
// How rows are spread over the two halves of a wall.

/** The number of rows of one half, in a height with rows and a head of these heights. */
export const rowsPerHalf = (height, row, head) => Math.max(1, Math.floor((height - head) / row));

/** The two halves of a page of rows. Rows are spread evenly if all fit. */
export function halves(rows, perHalf, page) {
  if (rows.length <= 2 * perHalf) {
    const half = Math.ceil(rows.length / 2);
    return [rows.slice(0, half), rows.slice(half)];
  }
  const pages = Math.ceil(rows.length / (2 * perHalf));
  const start = (page % pages) * 2 * perHalf;
  return [rows.slice(start, start + perHalf), rows.slice(start + perHalf, start + 2 * perHalf)];
}
