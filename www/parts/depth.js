// The view Over depth: the values of tensors that are the same thing in every layer, one histogram each, on one axis.

import { isAbort } from '../errors.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { isComplex } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Histogram} Histogram */
/** @typedef {{ tensor: number, number: string, summary: import('../types').Summary, counts: Float64Array }} Layer */
/** What is drawn; `step` is 2 where every second tensor is. @typedef {{ pattern: string, layers: Layer[], edges: Float64Array, outside: number, unread: number, step: number }} Found */

const BINS = 80
/** Of the usual percentiles (0.1 … 99.9) those that the axis reaches to. */
const RANKS = /** @type {const} */ ([0, 8])
/** More layers than these would be too low to be told apart, so every second or third is shown. */
const MOST = 96
/** In CSS pixels: around the rows, of one row, and of a picture of few. */
const AROUND = 84
const ROW = 9
const LEAST = 264
/** Tensors with more bytes wait for a person to ask: this is about a second. */
const AT_ONCE = 2 ** 28

/** What was found in an open checkpoint, by the tensors that it is of. @type {WeakMap<object, Map<string, Found>>} */
const kept = new WeakMap()
/** Whether the keyboard goes on in the picture of the tensor that it chose in the last one. */
let goingOn = false

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createDepth(context, tensor) {
  const { t, numbers, session, signal } = context
  const { checkpoint } = session
  const body = h('div', { class: 'depth', part: 'depth' })
  /** @type {AbortController | undefined} */
  let running

  /** @param {unknown} error */
  function fail(error) {
    if (!isAbort(error)) body.replaceChildren(h('p', { class: 'message warn', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
  }

  async function begin() {
    running?.abort()
    const series = await checkpoint.series(tensor.index, { signal })
    if (!series) return
    const step = Math.ceil(series.tensors.length / MOST)
    const own = series.tensors.indexOf(tensor.index) % step
    const shown = Array.from(series.tensors, (index, place) => ({ tensor: index, number: series.numbers[place] })).filter((_, place) => place % step === own)
    const key = shown.map(({ tensor }) => tensor).join()
    const found = keptOf(checkpoint).get(key)
    if (found) return show(found)
    const compute = () => read(shown, { pattern: `${visible(series.before)}*${visible(series.behind)}`, step }, key).catch(fail)
    const bytes = shown.reduce((sum, { tensor }) => sum + checkpoint.tensors[tensor].bytes, 0)
    if (bytes <= AT_ONCE) return compute()
    const values = { count: numbers.exact(shown.length), bytes: numbers.bytes(bytes) }
    body.replaceChildren(h('button', { type: 'button', class: 'button', 'data-action': 'depth', onclick: compute }, t('readDepth', values, shown.length)))
  }

  /**
   * Once for the percentiles that the axis is made of, once for the histograms on it.
   *
   * @param {{ tensor: number, number: string }[]} shown
   * @param {Pick<Found, 'pattern' | 'step'>} about
   * @param {string} key
   */
  async function read(shown, about, key) {
    running = new AbortController()
    const within = AbortSignal.any([signal, running.signal])
    const bar = h('progress', { max: 2, value: 0 })
    const cancel = h('button', { type: 'button', class: 'tool', 'data-action': 'cancel-depth', onclick: () => { begin().catch(fail) } }, t('cancel'))
    body.replaceChildren(h('div', { class: 'controls', part: 'depth-progress' }, h('span', { role: 'status' }, t('reading')), bar, cancel))
    const indices = shown.map(({ tensor }) => tensor)
    const usual = await checkpoint.studies(indices, { signal: within, onProgress: fraction => { bar.value = fraction } })
    session.remember(usual.filter(({ summary }) => summary))
    const range = widest(usual)
    const cut = range ? await checkpoint.studies(indices, { bins: BINS, range, depth: 'moments', signal: within, onProgress: fraction => { bar.value = 1 + fraction } }) : []
    if (within.aborted) return
    const edges = cut.find(({ histogram }) => histogram)?.histogram?.edges
    if (!edges) {
      const problem = cut.find(({ problem }) => problem)?.problem ?? usual.find(({ error }) => error)?.error?.message
      return body.replaceChildren(h('p', { class: 'message', role: 'status' }, problem ? visible(problem) : t('noFinite')))
    }
    const layers = shown.flatMap((layer, place) => {
      const { summary } = usual[place]
      return summary ? [{ ...layer, summary, counts: cut[place].histogram?.counts ?? new Float64Array(BINS) }] : []
    })
    const outside = cut.reduce((sum, { histogram }) => sum + (histogram ? histogram.below + histogram.above : 0), 0)
    const found = { ...about, layers, edges, outside, unread: shown.length - layers.length }
    keptOf(checkpoint).set(key, found)
    await show(found)
  }

  /** @param {Found} found */
  async function show(found) {
    const painter = await painting(context)
    if (signal.aborted) return
    const subject = layersOf(context, tensor, found)
    const picture = new Picture(context, painter, subject)
    picture.element.style.height = `${Math.max(LEAST, AROUND + ROW * found.layers.length)}px`
    const exports = createExports(context, found.pattern, () => picture)
    exports.hidden = false
    const columns = [t('layer'), t('mean'), t('deviation'), t('min'), t('max')]
    const table = createDataTable(context, t('depthTable'), columns, found.layers.length, place => {
      const { number, summary: { mean, std, min, max } } = found.layers[place]
      return [number, ...[mean, std, min, max].map(value => measured(context, value))]
    })
    body.replaceChildren(h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('valuesOverDepth')), exports),
      h('div', { class: 'figure-body' }, picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), table)))
    if (goingOn) picture.element.focus()
    goingOn = false
  }

  begin().catch(fail)
  return body
}

/** @param {object} checkpoint */
function keptOf(checkpoint) {
  const known = kept.get(checkpoint) ?? new Map()
  kept.set(checkpoint, known)
  return known
}

/**
 * From the lowest 0.1st percentile to the highest 99.9th; where nearly all values are alike, from the least value to the largest.
 *
 * @param {import('../types').Studied[]} studies
 * @returns {[number, number] | undefined}
 */
function widest(studies) {
  const summaries = studies.flatMap(({ summary }) => summary?.percentiles ? [summary] : [])
  if (summaries.length === 0) return undefined
  const [low, high] = RANKS.map(rank => summaries.map(({ percentiles }) => percentiles?.[rank] ?? 0))
  /** @type {[number, number]} */
  const range = [Math.min(...low), Math.max(...high)]
  return range[0] < range[1] ? range : [Math.min(...summaries.map(({ min = 0 }) => min)), Math.max(...summaries.map(({ max = 0 }) => max))]
}

/** @param {OpenContext} context @param {number | undefined} value */
const measured = ({ numbers }, value) => value === undefined ? '–' : numbers.significant(value)

/**
 * The layers as a picture: rows, in words and by the mouse.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Found} found
 * @returns {import('./picture.js').Subject}
 */
function layersOf(context, tensor, { pattern, layers, edges, outside, unread, step }) {
  const { t, numbers, session } = context
  const own = layers.findIndex(layer => layer.tensor === tensor.index)
  const last = layers.length - 1
  const value = t(isComplex(tensor) ? 'axisMagnitude' : 'axisValue')
  const summary = [
    t('depthSummary', { count: numbers.exact(layers.length), low: numbers.significant(edges[0]), high: numbers.significant(edges[edges.length - 1]) }),
    // With nothing outside it, the axis has all values.
    outside > 0 && t('depthRange'),
    outside > 0 && t('depthOutside', { count: numbers.exact(outside) }, outside),
    step > 1 && t('depthThinned', { step: numbers.exact(step) }),
    unread > 0 && t('depthUnread', { count: numbers.exact(unread) }, unread),
    isComplex(tensor) && t('ofMagnitudes'),
  ]
  return {
    words: { title: pattern, xLabel: value, yLabel: t('axisLayer') },
    summary: summary.filter(Boolean).join(' '),
    hint: t('chooseLayer'),
    count: layers.length,
    chart: (frame, hover) => ({ kind: 'ridgeline', frame, edges, rows: layers.map(({ number, counts }) => ({ label: number, counts })), chosen: own < 0 ? undefined : own, hover }),
    tell: row => {
      const { number, summary: { mean, std, min, max } } = layers[row]
      return [
        t('layerNamed', { number }),
        `${t('mean')} ${measured(context, mean)} · ${t('deviation')} ${measured(context, std)}`,
        `${t('min')} ${measured(context, min)} · ${t('max')} ${measured(context, max)}`,
      ]
    },
    at: (_, y, { area, parts }) => {
      const row = parts.findIndex(({ bottom }) => y < bottom)
      return y < area.top || row < 0 ? undefined : row
    },
    // What is told of a layer stands where most have few values.
    place: (row, { parts }) => ({ ...parts[row], left: parts[row].right }),
    keys: row => {
      const at = row ?? own
      return { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last, Escape: undefined }
    },
    enter: row => {
      goingOn = true
      session.select(layers[row].tensor)
    },
  }
}
