// The view Histogram: statistics, the plot with its controls, exports, and the figures behind it.

import { isAbort } from '../errors.js'
import { asShares, binsOf, magnitudes, tellingApart, totalOf } from './bins.js'
import { createChoice } from './choice.js'
import { createComparison } from './compare.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { createStats } from './stats.js'
import { called, createTrouble, isComplex } from './tensor.js'
import { MAX_BINS, MIN_BINS } from './views.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Study} Study */
/** @typedef {import('../types').Summary} Summary */
/** @typedef {import('./bins.js').Bins} Bins */
/** @typedef {{ tensor: TensorInfo, study: Study }} Found */

/** A study that is done sooner shows no sign of waiting. */
const PATIENCE_MS = 150
/** Ranges by percentiles: places among a summary's, and the share of the values between them. */
const CUTS = /** @type {const} */ ([{ id: '99.8', low: 0, high: 8, share: 0.998 }, { id: '98', low: 1, high: 7, share: 0.98 }])

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
  /** @type {AbortController | undefined} */
  let studying
  /** The tensor itself, and those that it is compared with. @type {Found[]} */
  let found = []
  let drawing = new AbortController()
  const controls = createControls(context, tensor, study)
  const comparison = createComparison(context, tensor, study)
  /** @type {Picture | undefined} */
  let picture
  const exports = createExports(context, tensor.name, () => picture)
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
      const now = await find(within, onProgress)
      const [{ study: { summary, histogram } }] = now
      if (summary) stats.replaceChildren(createStats(context, tensor, summary), isComplex(tensor) ? h('p', { class: 'plot-summary' }, t('ofMagnitudes')) : '')
      controls.show(now[0].study)
      if (histogram) {
        painter = await pictures
        if (within.aborted) return
      }
      found = now
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

  /**
   * All that is shown, in the same bins: where the range follows from the tensors, they are studied for that first.
   *
   * @param {AbortSignal} within
   * @param {(fraction: number) => void} onProgress
   * @returns {Promise<Found[]>}
   */
  async function find(within, onProgress) {
    const tensors = [tensor, ...comparison.others()]
    /** @param {{ bins?: number, range?: [number, number] }} options */
    const ask = async options => {
      /** @type {Found[]} */
      const found = []
      for (const tensor of tensors) {
        const dequantized = controls.dequantized() && tensor.quantization?.codes === true
        const told = (/** @type {number} */ fraction) => onProgress((found.length + fraction) / tensors.length)
        const study = await session.checkpoint.study(tensor.index, { ...options, dequantized, signal: within, onProgress: told })
        if (!options.range && !dequantized) session.remember([{ index: tensor.index, ...study }])
        found.push({ tensor, study })
      }
      return found
    }
    const { bins } = host
    const { own, cut } = controls.range()
    if (controls.ofMagnitudes()) return ask({})
    if (own) return ask({ bins, range: own })
    if (!cut && tensors.length === 1) return ask({ bins })
    const usual = await ask({})
    const limits = usual.flatMap(({ study: { summary } }) => limitsOf(summary, cut))
    return limits.length > 0 ? ask({ bins, range: [Math.min(...limits), Math.max(...limits)] }) : usual
  }

  function draw() {
    drawing.abort()
    drawing = new AbortController()
    const [{ study }] = found
    const shown = painter && study.histogram && (controls.ofMagnitudes() ? magnitudes(found.map(({ tensor, study }) => ({ label: called(t, tensor), magnitudes: study.summary?.magnitudes }))) : histograms(context, found))
    exports.hidden = !shown
    controls.element.hidden = !study.summary
    comparison.element.hidden = !study.histogram
    if (!shown || !painter) {
      picture = undefined
      const why = !study.summary ? t('noNumbers') : study.problem ? visible(study.problem) : t(study.histogram ? 'onlyZeros' : 'noFinite')
      return figure.replaceChildren(h('p', { class: 'message', role: 'status' }, why))
    }
    const subject = binsOf(context, shown, wording(context, tensor, shown, found))
    picture = new Picture({ ...context, signal: AbortSignal.any([signal, drawing.signal]) }, painter, subject)
    return figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), createBinTable(context, shown))
  }

  settings.addEventListener('bins', study, { signal })
  settings.addEventListener('scale', () => { if (picture) draw() }, { signal })
  study()
  return h('div', { class: 'histogram' }, stats,
    h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('distributionOfValues')), exports), controls.element, figure, comparison.element))
}

/** @typedef {typeof CUTS[number]} Cut */

/**
 * From where to where the finite values of a tensor lie, or those between two of its percentiles.
 *
 * @param {Summary | undefined} summary
 * @param {Cut | undefined} cut
 */
function limitsOf(summary, cut) {
  const limits = cut ? [summary?.percentiles?.[cut.low], summary?.percentiles?.[cut.high]] : [summary?.min, summary?.max]
  return limits.filter(limit => limit !== undefined)
}

/**
 * @param {OpenContext} context
 * @param {Found[]} found
 * @returns {Bins | undefined}
 */
function histograms({ t }, found) {
  const series = found.flatMap(({ tensor, study: { histogram } }) => histogram ? [{ label: called(t, tensor), ...histogram }] : [])
  return series.length > 0 ? { edges: series[0].edges, series, powers: false } : undefined
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Bins} bins
 * @param {Found[]} found
 */
function wording({ host, t, numbers }, tensor, bins, found) {
  const { series, powers } = bins
  const logY = host.scale === 'log'
  const value = t(powers ? 'axisPowers' : isComplex(tensor) ? 'axisMagnitude' : 'axisValue')
  const sum = (/** @type {'below' | 'above'} */ side) => series.reduce((sum, one) => sum + one[side], 0)
  const [below, above] = [sum('below'), sum('above')]
  const name = (/** @type {Found} */ { tensor }) => called(t, tensor)
  const zeros = found.filter(({ study }) => (study.summary?.zeros ?? 0) > 0)
    .map(one => t('magnitudeZeros', { name: name(one), count: numbers.exact(one.study.summary?.zeros ?? 0) }, one.study.summary?.zeros))
  const missing = found.filter(one => !series.some(({ label }) => label === name(one))).map(one => t('compareNothing', { name: name(one) }))
  return {
    title: called(t, tensor),
    xLabel: below + above === 0 ? value : t('axisValueCut', { value, below: numbers.exact(below), above: numbers.exact(above) }),
    yLabel: t(asShares(bins) ? logY ? 'axisShareLog' : 'axisShare' : logY ? 'axisCountLog' : 'axisCount'),
    logY,
    notes: [...powers ? zeros : [], ...missing],
  }
}

/**
 * @param {OpenContext} context
 * @param {Bins} bins
 */
function createBinTable(context, { edges, series, powers }) {
  const { t, numbers } = context
  const totals = series.map(one => totalOf(one) || 1)
  const edge = (/** @type {number} */ at) => numbers.significant(powers ? 2 ** edges[at] : edges[at], 6)
  const heads = series.length > 1 ? tellingApart(series.map(({ label }) => label)).flatMap(label => [label, t('binShare')]) : [t('binValues'), t('binShare')]
  return createDataTable(context, t('dataTable'), [t('binLow'), t('binHigh'), ...heads], edges.length - 1, bin =>
    [edge(bin), edge(bin + 1), ...series.flatMap(({ counts }, at) => [numbers.exact(counts[bin]), numbers.percent(counts[bin] / totals[at])])])
}

/**
 * Values or magnitudes, bins, scale, what codes stand for, and range.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {() => void} onChange
 */
function createControls({ host, t, numbers, settings, signal }, { quantization }, onChange) {
  const kind = createChoice(t('histogramOf'), [['values', t('ofValues')], ['magnitudes', t('ofPowers')]], () => {
    alone.hidden = ranges.hidden = kind.chosen() === 'magnitudes'
    onChange()
  })
  const bins = h('input', { type: 'number', min: MIN_BINS, max: MAX_BINS, step: 10, part: 'bins', onchange: () => { host.bins = bins.valueAsNumber } })
  const alone = h('label', {}, t('bins'), bins)
  const log = h('input', { type: 'checkbox', part: 'log', onchange: () => { host.scale = log.checked ? 'log' : 'linear' } })
  const low = h('input', { type: 'text', inputmode: 'decimal', 'data-range': 'low', 'aria-label': t('rangeLow'), onchange: choose })
  const high = h('input', { type: 'text', inputmode: 'decimal', 'data-range': 'high', 'aria-label': t('rangeHigh'), onchange: choose })
  const range = h('select', { part: 'range', 'aria-label': t('range'), title: t('rangeHint'), onchange: () => range.value === 'own' ? choose() : reset() },
    h('option', { value: 'all' }, t('rangeAll')), CUTS.map(({ id, share }) => h('option', { value: id }, numbers.percent(share))), h('option', { value: 'own' }, t('rangeOwn')))
  const ranges = h('span', { class: 'range' }, t('range'), range, low, '…', high)
  const real = h('input', { type: 'checkbox', part: 'dequantized', onchange: () => {
    // Other numbers have another range.
    if (own) range.value = 'all'
    reset()
  } })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true }, t('rangeWrong'))
  /** @type {[number, number] | undefined} */
  let own

  function reset() {
    own = undefined
    onChange()
  }

  function choose() {
    const [from, to] = [low, high].map(input => Number(input.value.trim().replace('\u2212', '-') || NaN))
    problem.hidden = from < to && Number.isFinite(from) && Number.isFinite(to)
    if (!problem.hidden) return
    range.value = 'own'
    own = [from, to]
    onChange()
  }

  function mirror() {
    bins.value = String(host.bins)
    log.checked = host.scale === 'log'
  }

  settings.addEventListener('bins', mirror, { signal })
  settings.addEventListener('scale', mirror, { signal })
  mirror()
  return {
    element: h('div', { class: 'controls' }, kind.element, alone, h('label', {}, log, t('logCounts')),
      quantization?.codes && h('label', {}, real, t('dequantized')), ranges, problem),
    dequantized: () => real.checked,
    ofMagnitudes: () => kind.chosen() === 'magnitudes',
    range: () => ({ own, cut: CUTS.find(({ id }) => id === range.value) }),
    /** @param {Study} study */
    show({ histogram }) {
      problem.hidden = true
      for (const [input, edge] of /** @type {const} */ ([[low, histogram?.edges[0]], [high, histogram?.edges.at(-1)]])) {
        input.disabled = !histogram
        // What is being typed is not taken away by an answer to what was typed before.
        if (!input.matches(':focus')) input.value = edge === undefined ? '' : String(Number(edge.toPrecision(6)))
      }
    },
  }
}
