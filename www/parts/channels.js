// The view Channels: what each row or column of a tensor as a matrix spans, and its norm.

import { isAbort } from '../errors.js'
import { createChoice } from './choice.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { called, createTrouble, isComplex, placeOf } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Lines} Lines */
/** @typedef {import('../wasm/plots').Remarkable} Remarkable */
/** @typedef {'rows' | 'columns'} Side */

/** A study that is done sooner shows no sign of waiting. */
const PATIENCE_MS = 150
/** So many indices are named in a sentence. */
const NAMED = 8

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createChannels(context, tensor) {
  const { t, numbers, session, signal } = context
  const trouble = createTrouble(context, tensor)
  if (trouble) return h('div', { class: 'channels' }, trouble)
  const { quantization } = tensor
  const figure = h('div', { class: 'figure-body', 'aria-live': 'off' })
  const [rows, columns] = axesOf(tensor).map(axes => axes.reduce((product, length) => product * length, 1))
  const choice = createChoice(t('channelsOf'), /** @type {[Side, string][]} */ ([
    ['rows', t('channelRows', { count: numbers.exact(rows) })], ['columns', t('channelColumns', { count: numbers.exact(columns) })],
  ]), draw)
  const real = h('input', { type: 'checkbox', part: 'dequantized', onchange: read })
  const controls = h('div', { class: 'controls' }, choice.element, quantization?.codes && h('label', {}, real, t('dequantized')))
  /** @type {{ study: import('../types').Study, painter: import('../plots.js').Plots } | undefined} */
  let found
  /** @type {Picture | undefined} */
  let picture
  const exports = createExports(context, tensor.name, () => picture)
  let reading = new AbortController()
  let drawing = new AbortController()

  async function read() {
    reading.abort()
    reading = new AbortController()
    const within = AbortSignal.any([signal, reading.signal])
    const waiting = h('p', { class: 'message', role: 'status' }, t('reading'))
    const impatient = setTimeout(() => say(waiting), PATIENCE_MS)
    const onProgress = (/** @type {number} */ fraction) => { waiting.textContent = `${t('reading')} ${numbers.percent(fraction)}` }
    try {
      const wanted = { channels: true, dequantized: real.checked, signal: within, onProgress }
      const [study, painter] = await Promise.all([session.checkpoint.study(tensor.index, wanted), painting(context)])
      if (within.aborted) return
      found = { study, painter }
      draw()
    } catch (error) {
      if (isAbort(error)) return
      if (/** @type {import('../types').CheckpointError} */ (error).kind === 'crashed') context.report(/** @type {Error} */ (error))
      say(h('p', { class: 'message warn', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
    } finally {
      clearTimeout(impatient)
    }
  }

  /** @param {HTMLElement} message in place of a picture */
  function say(message) {
    picture = undefined
    exports.hidden = true
    figure.replaceChildren(message)
  }

  function draw() {
    if (!found) return
    const { study: { summary, channels }, painter } = found
    controls.hidden = !channels
    const why = !summary ? 'noNumbers' : summary.finite === 0 ? 'noFinite' : !channels ? 'noChannels' : undefined
    if (why || !channels) return say(h('p', { class: 'message', role: 'status' }, t(why ?? 'noChannels')))
    const side = choice.chosen()
    const lines = channels[side]
    drawing.abort()
    drawing = new AbortController()
    const remarkable = painter.remarkable(lines.min, lines.max, lines.l2)
    const subject = channelsOf(context, tensor, side, lines, remarkable)
    picture = new Picture({ ...context, signal: AbortSignal.any([signal, reading.signal, drawing.signal]) }, painter, subject)
    exports.hidden = false
    const heads = [t('cellIndex'), t('min'), t('max'), t('l2'), t('channelNote')]
    const table = createDataTable(context, t('channelTable'), heads, lines.l2.length, at => cells(context, tensor, side, lines, remarkable, at))
    figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), table)
  }

  read()
  return h('div', { class: 'channels' }, h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('rangesAndNorms')), exports), controls, figure))
}

/**
 * The lengths of the axes that make up the rows, and of those that make up the columns.
 *
 * @param {TensorInfo} tensor
 */
function axesOf({ shape, matrix }) {
  const split = matrix && matrix[0] !== shape[0] ? shape.length - 1 : 1
  return [shape.slice(0, split), shape.slice(split)]
}

/**
 * A row or a column as NumPy slices it: `[5, :]`, `[:, 2, 0]`.
 *
 * @param {TensorInfo} tensor
 * @param {Side} side
 * @param {number} index
 */
function sliced(tensor, side, index) {
  const [rows, columns] = axesOf(tensor)
  const all = (/** @type {number[]} */ axes) => axes.map(() => ':')
  const places = side === 'rows' ? [...placeOf(index, rows), ...all(columns)] : [...all(rows), ...placeOf(index, columns)]
  return `[${places.join(', ')}]`
}

/**
 * Index, limits, norm, and what is to be said of it.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Side} side
 * @param {Lines} lines
 * @param {Remarkable} remarkable
 * @param {number} at
 */
function cells({ t, numbers }, tensor, side, { min, max, l2 }, { dead, empty, outliers }, at) {
  const note = dead.includes(at) ? t('channelDead') : empty.includes(at) ? t('channelEmpty') : outliers.includes(at) ? t('channelOutlier') : ''
  return [sliced(tensor, side, at), ...[min[at], max[at], l2[at]].map(value => empty.includes(at) ? '–' : numbers.significant(value, 6)), note]
}

/**
 * The rows or columns as a picture.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Side} side
 * @param {Lines} lines
 * @param {Remarkable} remarkable
 * @returns {import('./picture.js').Subject}
 */
function channelsOf(context, tensor, side, lines, remarkable) {
  const { t, numbers } = context
  const { min, max, l2: norm } = lines
  const { dead, empty, outliers, times, largest } = remarkable
  const count = norm.length
  const last = count - 1
  /** @param {import('./texts.js').Key} key @param {number[]} which */
  const named = (key, which) => which.length > 0 && t(key, {
    count: numbers.exact(which.length), times, places: which.slice(0, NAMED).join(', ') + (which.length > NAMED ? ', …' : ''),
  }, which.length)
  const summary = [
    t(side === 'rows' ? 'rowsSummary' : 'columnsSummary', { count: numbers.exact(count) }, count),
    largest !== undefined && t('channelLargest', { norm: numbers.significant(norm[largest]), index: sliced(tensor, side, largest) }),
    named('channelsDead', dead), named('channelsEmpty', empty), named('channelsOutlying', outliers),
    dead.length + empty.length + outliers.length === 0 && t('channelsUsual', { times }),
    isComplex(tensor) && t('ofMagnitudes'),
  ]
  const unusual = [...dead, ...empty, ...outliers].sort((a, b) => a - b)
  const finite = (/** @type {Float64Array} */ numbers) => numbers.map(number => Number.isFinite(number) ? number : NaN)
  const chart = { min: finite(min), max: finite(max), norm, outliers }
  return {
    words: { title: called(t, tensor), xLabel: t(side === 'rows' ? 'axisRow' : 'axisColumn'), yLabel: t(isComplex(tensor) ? 'axisMagnitude' : 'axisValue') },
    summary: summary.filter(Boolean).join(' '),
    hint: t('chooseChannel'),
    count,
    marked: true,
    chart: frame => ({ kind: 'channels', frame, normLabel: t('l2'), ...chart }),
    tell: at => {
      const [index, low, high, size, note] = cells(context, tensor, side, lines, remarkable, at)
      return [index, t('bin', { low, high }), `${t('l2')} ${size}`, note].filter(Boolean)
    },
    at: (x, _, { area: { left, right } }) => {
      // Of several at one pixel the one whose norm is seen there.
      const pixels = Math.min(count, Math.max(1, Math.floor(right - left)))
      const pixel = Math.floor((x - left) / (right - left) * pixels)
      if (pixel < 0 || pixel >= pixels) return undefined
      const first = Math.floor(pixel * count / pixels)
      const here = norm.subarray(first, Math.floor((pixel + 1) * count / pixels))
      return first + here.reduce((best, size, at) => size > here[best] ? at : best, 0)
    },
    place: (at, { area }) => {
      const x = (/** @type {number} */ at) => area.left + at / count * (area.right - area.left)
      return { ...area, left: x(at), right: x(at + 1) }
    },
    keys: at => at === undefined
      ? { ArrowRight: 0, ArrowLeft: last, Home: 0, End: last, Enter: unusual[0] ?? largest }
      : {
          ArrowRight: Math.min(last, at + 1), ArrowLeft: Math.max(0, at - 1), Home: 0, End: last,
          Enter: unusual.find(other => other > at) ?? unusual[0] ?? largest, Escape: undefined,
        },
  }
}
