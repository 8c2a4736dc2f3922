// Measures the viewer beside its baselines: `node bench.js PYTHON FOLDER [WORD…]`.
//
// FOLDER has the files of files.py, PYTHON the packages of baselines.py. Words choose the rows that have all of them.
// Prints one table and ends with 1 if a figure is below its bar.

import { join } from 'node:path'
import { start } from '../browser/harness.js'
import { GROUPS } from './rows.js'

/** @typedef {import('./rows.js').Row} Row */

const ROUNDS = 5
const [python, folder, ...words] = process.argv.slice(2)

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

/**
 * @param {Row} row
 * @param {Record<string, number>[]} rounds
 * @returns {boolean} whether it meets its bar
 */
function tell({ name, besides, unit, ours, beside, bar }, rounds) {
  // The ratio of each round, since what else the machine does meanwhile hits both sides of one.
  const ratio = median(rounds.map(figures => ours(figures) / beside(figures)))
  const fine = 'least' in bar ? ratio >= bar.least : ratio <= bar.most
  const figure = (/** @type {(figures: Record<string, number>) => number} */ of) => `${median(rounds.map(of)).toFixed(unit === 'GB/s' ? 2 : 0)} ${unit}`
  const limit = 'least' in bar ? `≥ ${bar.least}` : `≤ ${bar.most}`
  line([name, besides, figure(beside), figure(ours), ratio.toFixed(2), limit, fine ? '  ok' : '  below'])
  return fine
}

/** How wide the columns are, those of numbers on the right. */
const WIDTHS = [-44, -34, 11, 11, 8, 8]

/** @param {string[]} cells */
function line(cells) {
  console.log(cells.map((cell, at) => {
    const width = WIDTHS[at] ?? 0
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
  }).join(''))
}

/** @param {Row} row */
const isWanted = ({ name, besides }) => words.every(word => `${name}, ${besides}`.includes(word))

if (!GROUPS.some(({ rows }) => rows.some(isWanted))) throw new Error(`no row has ${words.join(' and ')}`)
const viewer = await start()
let fine = true
try {
  line(['', 'beside', '', 'ours', 'ratio', 'bar', ''])
  for (const { rows, begin, rounds: count = ROUNDS } of GROUPS) {
    const wanted = rows.filter(isWanted)
    if (wanted.length === 0) continue
    const { sides, end } = await begin({ viewer, python, file: name => join(folder, name) })
    /** @type {Record<string, number>[]} */
    const rounds = []
    for (let round = 0; round < count; round++) {
      /** @type {Record<string, number>} */
      const figures = {}
      // Every other round backwards: no side always has the other's heat or its rest.
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) Object.assign(figures, await side())
      rounds.push(figures)
    }
    await end?.()
    for (const row of wanted) fine = tell(row, rounds) && fine
  }
} finally {
  await viewer.stop()
}
process.exitCode = fine ? 0 : 1
