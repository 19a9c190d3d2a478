// @ts-check
// How rows are spread over the two halves of a wall.

/** The number of rows of one half, in a height with rows and a head of these heights. */
export const rowsPerHalf = (height, row, head) => Math.max(1, Math.floor((height - head) / row));

/** The height of a row, if rows of one half are spread over the height: at most twice as high as usual. */
export const spread = (rows, height, row, head) => Math.min(2 * row, Math.floor((height - head) / rows));

/** The two halves of a page of rows. The second is empty if the first holds all; rows are spread evenly if both do. */
export function halves(rows, perHalf, page) {
  if (rows.length <= perHalf) return [rows, []];
  if (rows.length <= 2 * perHalf) {
    const half = Math.ceil(rows.length / 2);
    return [rows.slice(0, half), rows.slice(half)];
  }
  const pages = Math.ceil(rows.length / (2 * perHalf));
  const start = (page % pages) * 2 * perHalf;
  return [rows.slice(start, start + perHalf), rows.slice(start + perHalf, start + 2 * perHalf)];
}
