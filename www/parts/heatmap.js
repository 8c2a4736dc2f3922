// The view Heatmap: two axes of a tensor in colours, its controls, exports, and the figures behind it.

import { isAbort } from '../errors.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { called, createTrouble, isComplex } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Plane} Plane */
/** Which plane of a tensor: the axes of rows and columns, and an index on each axis. @typedef {{ axes: [number, number], fixed: number[] }} Choice */

/** A plane that is read sooner shows no sign of waiting. */
const PATIENCE_MS = 150

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createHeatmap(context, tensor) {
  const { t, numbers, session, signal } = context
  const trouble = createTrouble(context, tensor)
  if (trouble) return h('div', { class: 'heatmap' }, trouble)
  const figure = h('div', { class: 'figure-body', 'aria-live': 'off' })
  const { axes, fixed, dequantized, element: controls } = createControls(context, tensor, read)
  /** @type {Picture | undefined} */
  let picture
  const exports = createExports(context, tensor.name, () => picture)
  let reading = new AbortController()

  async function read() {
    reading.abort()
    reading = new AbortController()
    const within = AbortSignal.any([signal, reading.signal])
    const waiting = h('p', { class: 'message', role: 'status' }, t('reading'))
    const impatient = setTimeout(() => figure.replaceChildren(waiting), PATIENCE_MS)
    const onProgress = (/** @type {number} */ fraction) => { waiting.textContent = `${t('reading')} ${numbers.percent(fraction)}` }
    // A tensor with fewer than two axes has one plane.
    const choice = { axes: tensor.shape.length < 2 ? undefined : axes, fixed, dequantized: dequantized() }
    try {
      const [plane, painter] = await Promise.all([session.checkpoint.plane(tensor.index, { ...choice, signal: within, onProgress }), painting(context)])
      clearTimeout(impatient)
      if (within.aborted) return
      const subject = cells(context, tensor, plane, { axes, fixed })
      picture = new Picture({ ...context, signal: within }, painter, subject)
      exports.hidden = false
      const table = createDataTable(context, t('cellTable'), [t('cellIndex'), t('cellValue')], plane.values.length, subject.tell)
      figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), table)
    } catch (error) {
      clearTimeout(impatient)
      if (isAbort(error)) return
      picture = undefined
      exports.hidden = true
      if (/** @type {import('../types').CheckpointError} */ (error).kind === 'crashed') context.report(/** @type {Error} */ (error))
      figure.replaceChildren(h('p', { class: 'message warn', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
    }
  }

  read()
  return h('div', { class: 'heatmap' }, h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('valuesByIndex')), exports), controls, figure))
}

/**
 * A plane as a picture: its cells, in words and by the mouse.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Plane} plane
 * @param {Choice} choice
 * @returns {import('./picture.js').Subject}
 */
function cells({ t, numbers }, tensor, plane, { axes: [rowAxis, columnAxis], fixed }) {
  const { rows, columns, width, height, values, rowOf, columnOf, limit, largest, nan, infinite } = plane
  const index = (/** @type {number} */ cell) => `[${tensor.shape.map((_, axis) =>
    numbers.exact(axis === rowAxis ? rowOf[cell] : axis === columnAxis ? columnOf[cell] : fixed[axis])).join(', ')}]`
  const tell = (/** @type {number} */ cell) => [index(cell), numbers.significant(values[cell], 6)]
  const summary = [
    t('heatmapSummary', { rows: numbers.exact(rows), columns: numbers.exact(columns) }),
    width * height < rows * columns && t('heatmapPooled', { height: numbers.exact(height), width: numbers.exact(width) }),
    largest !== undefined && t('heatmapLargest', { index: index(largest), value: numbers.significant(values[largest]), limit: numbers.significant(limit) }),
    isComplex(tensor) && t('ofMagnitudes'),
    nan + infinite > 0 && t('heatmapOdd', { nan: numbers.exact(nan), infinite: numbers.exact(infinite) }),
  ]
  const column = (/** @type {number} */ cell) => cell % width
  const row = (/** @type {number} */ cell) => Math.floor(cell / width)
  const last = values.length - 1
  return {
    words: { title: called(t, tensor), xLabel: tensor.shape.length > 0 ? t('axisIndex', { axis: columnAxis }) : '', yLabel: tensor.shape.length > 1 ? t('axisIndex', { axis: rowAxis }) : '' },
    summary: summary.filter(Boolean).join(' '),
    hint: t('chooseCell'),
    count: values.length,
    marked: true,
    chart: frame => ({ kind: 'heatmap', frame, rows: [0, rows], columns: [0, columns], cellsAcross: width, values, rowOf, columnOf, limit }),
    tell,
    at: (x, y, { area }) => {
      const across = Math.floor((x - area.left) / (area.right - area.left) * width)
      const down = Math.floor((y - area.top) / (area.bottom - area.top) * height)
      return across >= 0 && across < width && down >= 0 && down < height ? down * width + across : undefined
    },
    place: (cell, { area }) => {
      const x = (/** @type {number} */ at) => area.left + at / width * (area.right - area.left)
      const y = (/** @type {number} */ at) => area.top + at / height * (area.bottom - area.top)
      return { left: x(column(cell)), right: x(column(cell) + 1), top: y(row(cell)), bottom: y(row(cell) + 1) }
    },
    keys: cell => cell === undefined
      ? { ArrowRight: 0, ArrowDown: 0, ArrowLeft: last, ArrowUp: last, Home: 0, End: last, Enter: largest }
      : {
          ArrowRight: column(cell) + 1 < width ? cell + 1 : cell, ArrowLeft: column(cell) > 0 ? cell - 1 : cell,
          ArrowDown: cell + width <= last ? cell + width : cell, ArrowUp: cell >= width ? cell - width : cell,
          Home: row(cell) * width, End: (row(cell) + 1) * width - 1, Enter: largest, Escape: undefined,
        },
  }
}

/**
 * Which axes are shown, and where the others are cut, if there are more than two; and what codes stand for.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {() => void} onChange
 * @returns {Choice & { dequantized: () => boolean, element: HTMLElement }}
 */
function createControls({ t }, { shape, quantization }, onChange) {
  // A tensor with fewer than two axes has its elements along the last.
  const axes = /** @type {[number, number]} */ ([shape.length - 2, shape.length - 1])
  const fixed = shape.map(() => 0)
  const real = h('input', { type: 'checkbox', part: 'dequantized', onchange: onChange })
  const plane = h('span', { class: 'plane' })
  const choices = /** @type {const} */ ([['axisOfRows', 0], ['axisOfColumns', 1]])
  function show() {
    const chosen = choices.map(([label, side]) => {
      const select = h('select', { 'data-axis': side, onchange: () => choose(side, Number(select.value)) },
        shape.map((length, axis) => h('option', { value: axis, selected: axes[side] === axis }, `${axis} (${length})`)))
      return h('label', {}, t(label), select)
    })
    const others = shape.map((length, axis) => axes.includes(axis) ? null : cut(axis, length))
    plane.replaceChildren(...chosen, ...others.filter(other => other !== null))
  }
  /** @param {0 | 1} side @param {number} axis */
  function choose(side, axis) {
    // The same axis twice: the two change places.
    if (axes[1 - side] === axis) axes[1 - side] = axes[side]
    axes[side] = axis
    show()
    // The keyboard stays where it was.
    const select = /** @type {HTMLElement | null} */ (plane.querySelector(`[data-axis="${side}"]`))
    select?.focus()
    onChange()
  }
  /** @param {number} axis @param {number} length */
  function cut(axis, length) {
    const input = h('input', { type: 'number', min: 0, max: length - 1, value: fixed[axis], 'data-fixed': axis, onchange: () => {
      fixed[axis] = Math.min(length - 1, Math.max(0, Math.round(input.valueAsNumber) || 0))
      input.value = String(fixed[axis])
      onChange()
    } })
    return h('label', {}, t('axisIndex', { axis }), input)
  }
  if (shape.length > 2) show()
  const element = h('div', { class: 'controls', hidden: shape.length < 3 && !quantization?.codes }, shape.length > 2 && plane, quantization?.codes && h('label', {}, real, t('dequantized')))
  return { axes, fixed, dequantized: () => real.checked, element }
}
