// Which rows of the table are to be seen when some groups are closed.

/** @typedef {import('../wasm/core').Table} Table */

/** As many rows as a table opens with, at most. */
const OPEN_ROWS = 60

/** @param {number} row  @returns {number} a group's id */
export const groupOf = row => ~row

/**
 * The positions, in `table.rows`, of the rows under open groups only.
 *
 * @param {Table} table
 * @param {(group: number, depth: number) => boolean} isOpen
 * @returns {number[]}
 */
export function visibleRows(table, isOpen) {
  const { rows, depths, spans } = table
  /** @type {number[]} */
  const visible = []
  for (let at = 0; at < rows.length;) {
    visible.push(at)
    const closed = rows[at] < 0 && !isOpen(groupOf(rows[at]), depths[at])
    at += closed ? spans[at] + 1 : 1
  }
  return visible
}

/**
 * How deep a table opens by itself: the deepest level at which it still shows few rows.
 *
 * @param {Table} table
 * @returns {number} groups at a depth below this are open
 */
export function openDepth(table) {
  const counts = new Float64Array(256)
  for (const depth of table.depths) counts[depth]++
  let rows = counts[0]
  let depth = 0
  while (counts[depth + 1] > 0 && rows + counts[depth + 1] <= OPEN_ROWS) rows += counts[++depth]
  return depth
}

/**
 * The position of the group that a row is in, or -1.
 *
 * @param {Table} table
 * @param {number} position
 * @returns {number}
 */
export function parentOf({ depths }, position) {
  let at = position - 1
  while (at >= 0 && depths[at] >= depths[position]) at--
  return at
}
