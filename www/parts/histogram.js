// The view Histogram: statistics, the plot with its controls, exports, and the figures behind it.

import { isAbort } from '../errors.js'
import { bins, totalOf } from './bins.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { createStats } from './stats.js'
import { called, createTrouble, isComplex } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Histogram} Histogram */

export const MIN_BINS = 10
export const MAX_BINS = 500
/** A study that is done sooner shows no sign of waiting. */
const PATIENCE_MS = 150

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createHistogram(context, tensor) {
  const { host, t, session, settings, signal } = context
  const trouble = createTrouble(context, tensor)
  if (trouble) return h('div', { class: 'histogram' }, trouble)
  const stats = h('div')
  const figure = h('div', { class: 'figure-body', 'aria-live': 'off' })
  /** @type {[number, number] | undefined} */
  let range
  /** @type {AbortController | undefined} */
  let studying
  /** @type {import('../types').Study} */
  let studied = {}
  /** @type {AbortController} */
  let drawing = new AbortController()

  const controls = createControls(context, tensor, () => studied.histogram?.edges, wanted => {
    range = wanted
    study()
  })
  const exports = createExports(context, tensor.name, () => picture)
  /** @type {Picture | undefined} */
  let picture
  /** @type {Histogram | undefined} */
  let drawn
  /** @type {import('../plots.js').Plots | undefined} */
  let painter

  async function study() {
    studying?.abort()
    studying = new AbortController()
    const within = AbortSignal.any([signal, studying.signal])
    const waiting = h('p', { class: 'message', role: 'status' }, t('reading'))
    const impatient = setTimeout(() => figure.replaceChildren(waiting), PATIENCE_MS)
    const pictures = painting(context)
    // What fails is told when the picture is drawn, if there is one.
    pictures.catch(() => {})
    const onProgress = (/** @type {number} */ fraction) => { waiting.textContent = `${t('reading')} ${context.numbers.percent(fraction)}` }
    try {
      studied = await session.checkpoint.study(tensor.index, { bins: host.bins, range, dequantized: controls.dequantized(), signal: within, onProgress })
      if (!range && !controls.dequantized()) session.remember([{ index: tensor.index, ...studied }])
      if (studied.summary) stats.replaceChildren(createStats(context, studied.summary), isComplex(tensor) ? h('p', { class: 'plot-summary' }, t('ofMagnitudes')) : '')
      controls.showRange(studied.histogram)
      if (studied.histogram) {
        painter = await pictures
        if (within.aborted) return
      }
      clearTimeout(impatient)
      draw()
    } catch (error) {
      clearTimeout(impatient)
      if (isAbort(error)) return
      exports.hidden = true
      if (/** @type {import('../types').CheckpointError} */ (error).kind === 'crashed') context.report(/** @type {Error} */ (error))
      figure.replaceChildren(h('p', { class: 'message warn', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
    }
  }

  function draw() {
    drawing.abort()
    drawing = new AbortController()
    drawn = studied.histogram
    exports.hidden = !drawn
    controls.element.hidden = !studied.summary
    if (!drawn || !painter) {
      picture = undefined
      const why = !studied.summary ? t('noNumbers') : studied.problem ? visible(studied.problem) : t('noFinite')
      return figure.replaceChildren(h('p', { class: 'message', role: 'status' }, why))
    }
    const subject = bins(context, drawn, wording(context, tensor, drawn))
    picture = new Picture({ ...context, signal: AbortSignal.any([signal, drawing.signal]) }, painter, subject)
    return figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), createBinTable(context, drawn))
  }

  settings.addEventListener('bins', study, { signal })
  settings.addEventListener('scale', () => { if (drawn) draw() }, { signal })
  study()
  return h('div', { class: 'histogram' }, stats,
    h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('distributionOfValues')), exports), controls.element, figure))
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Histogram} histogram
 */
function wording({ host, t, numbers }, tensor, { below, above }) {
  const logY = host.scale === 'log'
  const value = t(isComplex(tensor) ? 'axisMagnitude' : 'axisValue')
  return {
    title: called(t, tensor),
    xLabel: below + above === 0 ? value : t('axisValueCut', { value, below: numbers.exact(below), above: numbers.exact(above) }),
    yLabel: t(logY ? 'axisCountLog' : 'axisCount'),
    logY,
  }
}

/**
 * @param {OpenContext} context
 * @param {Histogram} histogram
 */
function createBinTable(context, histogram) {
  const { t, numbers } = context
  const { edges, counts } = histogram
  const total = totalOf(histogram) || 1
  const keys = /** @type {const} */ (['binLow', 'binHigh', 'binValues', 'binShare'])
  return createDataTable(context, t('dataTable'), keys.map(key => t(key)), counts.length, bin =>
    [numbers.significant(edges[bin], 6), numbers.significant(edges[bin + 1], 6), numbers.exact(counts[bin]), numbers.percent(counts[bin] / total)])
}

/**
 * Bins, scale, what codes stand for, and range.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {() => Float64Array | undefined} edges
 * @param {(range?: [number, number]) => void} onRange
 */
function createControls({ host, t, settings, signal }, { quantization }, edges, onRange) {
  const bins = h('input', { type: 'number', min: MIN_BINS, max: MAX_BINS, step: 10, part: 'bins', onchange: () => { host.bins = bins.valueAsNumber } })
  const log = h('input', { type: 'checkbox', part: 'log', onchange: () => { host.scale = log.checked ? 'log' : 'linear' } })
  const low = h('input', { type: 'text', inputmode: 'decimal', 'data-range': 'low', 'aria-label': t('rangeLow'), onchange: choose })
  const high = h('input', { type: 'text', inputmode: 'decimal', 'data-range': 'high', 'aria-label': t('rangeHigh'), onchange: choose })
  const whole = h('button', { type: 'button', class: 'tool', hidden: true, onclick: reset }, t('rangeReset'))
  // Other numbers have another range.
  const real = h('input', { type: 'checkbox', part: 'dequantized', onchange: reset })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true }, t('rangeWrong'))

  function reset() {
    whole.hidden = true
    onRange()
  }

  function choose() {
    const [from, to] = [low, high].map(input => Number(input.value.trim().replace('\u2212', '-') || NaN))
    problem.hidden = from < to && Number.isFinite(from) && Number.isFinite(to)
    if (!problem.hidden) return
    whole.hidden = false
    onRange([from, to])
  }

  function mirror() {
    bins.value = String(host.bins)
    log.checked = host.scale === 'log'
  }

  settings.addEventListener('bins', mirror, { signal })
  settings.addEventListener('scale', mirror, { signal })
  mirror()
  return {
    element: h('div', { class: 'controls' },
      h('label', {}, t('bins'), bins), h('label', {}, log, t('logCounts')),
      quantization?.codes && h('label', {}, real, t('dequantized')),
      h('span', { class: 'range' }, t('range'), low, '…', high, whole), problem),
    dequantized: () => real.checked,
    /** @param {Histogram | undefined} histogram */
    showRange(histogram) {
      const all = edges()
      problem.hidden = true
      for (const [input, edge] of /** @type {const} */ ([[low, all?.[0]], [high, all?.at(-1)]])) {
        input.disabled = !histogram
        // What is being typed is not taken away by an answer to what was typed before.
        if (!input.matches(':focus')) input.value = edge === undefined ? '' : String(Number(edge.toPrecision(6)))
      }
    },
  }
}
