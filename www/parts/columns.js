// The parameter table's columns: one record each. Those of lowest rank give way when there is little room.

import { h, svg, visible } from './dom.js'
import { ROLES } from './roles.js'
import { known } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('./dom.js').Child} Child */
/** @typedef {import('../types').TensorInfo} TensorInfo */

/**
 * A row: a tensor with its result, or a group.
 *
 * @typedef {object} Row
 * @property {TensorInfo} [tensor]
 * @property {import('../wasm/core').Group} [group]
 * @property {import('./session.js').Result} [result]
 * @property {number} share  of all bytes, 0 to 1
 * @property {number} bar  the share against the largest row's, 0 to 1
 */
/**
 * @typedef {object} Column
 * @property {string} id
 * @property {import('./texts.js').Key} label
 * @property {number} width  in CSS pixels
 * @property {number} rank
 * @property {boolean} [end]  aligned to the end, as figures are
 * @property {import('../wasm/core').SortKey} [sort]
 * @property {'analysed' | 'roles'} [needs]  shown once something was analysed, or where roles differ
 * @property {(row: Row, context: OpenContext) => Child} cell
 */

/** Of a tensor whose file is missing often only the name is known. */
const UNKNOWN = '—'

/** After the name, which takes the room that is left. @type {Column[]} */
const COLUMNS = [
  { id: 'shape', label: 'shape', width: 116, rank: 8, sort: 'shape', cell: shapeCell },
  { id: 'dtype', label: 'dtype', width: 56, rank: 7, sort: 'dtype', cell: ({ tensor }) => tensor && (known(tensor).dtype ?? UNKNOWN) },
  { id: 'role', label: 'role', width: 92, rank: 2, needs: 'roles', cell: ({ tensor }, { t }) => tensor?.role && t(ROLES[tensor.role]) },
  { id: 'parameters', label: 'count', width: 84, rank: 9, end: true, sort: 'parameters', cell: ({ tensor, group }, { numbers }) => figure(tensor ? known(tensor).elements : group?.parameters, value => numbers.short(value)) },
  { id: 'bytes', label: 'bytes', width: 92, rank: 1, end: true, sort: 'bytes', cell: ({ tensor, group }, { numbers }) => figure(tensor ? known(tensor).bytes : group?.bytes, value => numbers.bytes(value)) },
  { id: 'share', label: 'share', width: 107, rank: 4, end: true, cell: shareCell },
  { id: 'distribution', label: 'distribution', width: 92, rank: 6, needs: 'analysed', cell: ({ result }) => result?.heights && sparkline(result.heights) },
  { id: 'std', label: 'std', width: 80, rank: 3, end: true, needs: 'analysed', cell: ({ result }, { numbers }) => result?.summary?.std === undefined ? null : numbers.significant(result.summary.std, 3) },
  { id: 'nan', label: 'nan', width: 44, rank: 5, end: true, needs: 'analysed', cell: nanCell },
]

const MIN_NAME_WIDTH = 150
/** With room for names of some depth before another column is taken in. */
const GOOD_NAME_WIDTH = 186

/** From here on columns stay even where names get less room than they should. */
const ESSENTIAL_RANK = 8
/** Of a letter of a type's name, and of a cell's padding. */
const LETTER_WIDTH = 7.9
const PADDING = 14

/**
 * The columns for a width.
 *
 * @param {number} width
 * @param {Record<'analysed' | 'roles', boolean>} has  what columns may need
 * @param {number} typeLetters  of the longest name of a type
 * @returns {Column[]}
 */
export function fittingColumns(width, has, typeLetters) {
  const columns = COLUMNS.filter(({ needs }) => !needs || has[needs])
    .map(column => column.id === 'dtype' ? { ...column, width: Math.max(column.width, Math.min(120, typeLetters * LETTER_WIDTH + PADDING)) } : column)
  const room = (/** @type {Column[]} */ some) => width - some.reduce((sum, column) => sum + column.width, 0)
  while (columns.length > 1) {
    const least = columns.reduce((least, column) => column.rank < least.rank ? column : least)
    if (room(columns) >= (least.rank < ESSENTIAL_RANK ? GOOD_NAME_WIDTH : MIN_NAME_WIDTH)) break
    columns.splice(columns.indexOf(least), 1)
  }
  return columns
}

/**
 * @param {number | undefined} value
 * @param {(value: number) => string} shown
 */
function figure(value, shown) {
  return value === undefined ? UNKNOWN : shown(value)
}

/**
 * @param {Row} row
 * @param {OpenContext} context
 */
function shapeCell({ tensor, group }, { t, numbers }) {
  if (tensor) {
    const { shape } = known(tensor)
    return shape ? numbers.shape(shape) : UNKNOWN
  }
  const count = group?.tensors ?? 0
  return t('groupTensors', { count: numbers.exact(count) }, count)
}

/**
 * @param {Row} row
 * @param {OpenContext} context
 */
function shareCell({ tensor, share, bar }, { numbers }) {
  if (tensor && known(tensor).bytes === undefined) return UNKNOWN
  const fill = h('i')
  fill.style.width = `${bar * 100}%`
  return h('span', { class: 'share-cell' }, numbers.percent(share), h('span', { class: 'share', 'aria-hidden': 'true' }, fill))
}

/**
 * @param {Row} row
 * @param {OpenContext} context
 */
function nanCell({ result }, { t, numbers }) {
  if (result?.error) return h('span', { class: 'badge danger', title: t('unread', { message: visible(result.error) }) }, '!')
  if (!result?.summary) return null
  const { nan, posInf, negInf } = result.summary
  const count = nan + posInf + negInf
  if (count === 0) return '0'
  return h('span', { class: 'badge', title: t('nanTitle', { count: numbers.exact(count) }, count) }, numbers.short(count))
}

const SPARK_WIDTH = 60
const SPARK_HEIGHT = 14

/**
 * A histogram's silhouette.
 *
 * @param {Uint8Array} heights
 */
function sparkline(heights) {
  const step = SPARK_WIDTH / heights.length
  const bars = Array.from(heights, (height, bin) => {
    const tall = Math.max(0.6, height / 255 * SPARK_HEIGHT)
    return `M${(bin * step).toFixed(2)} ${SPARK_HEIGHT}v${(-tall).toFixed(2)}h${(step * 0.82).toFixed(2)}v${tall.toFixed(2)}z`
  })
  return svg('svg', { class: 'spark', width: SPARK_WIDTH, height: SPARK_HEIGHT, 'aria-hidden': 'true' }, svg('path', { d: bars.join(''), fill: 'currentColor' }))
}
