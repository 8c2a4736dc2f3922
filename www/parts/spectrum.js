// The view Spectrum: the singular values of a tensor as a matrix, computed at once where that is soon done.

import { isAbort } from '../errors.js'
import { plots } from '../plots.js'
import { chartTheme } from './chart-theme.js'
import { h, visible } from './dom.js'
import { download } from './download.js'
import { createGrid } from './stats.js'
import { called, createTrouble } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Spectrum} Spectrum */
/** @typedef {import('../wasm/plots').Chart} Chart */

/** A matrix with more rows times columns times the shorter of both waits for a person to ask: this is about a second. */
const AT_ONCE = 2 ** 29
/** Of exported pictures, in CSS pixels and device pixels each. */
const EXPORT = { width: 720, height: 420, scale: 2 }

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createSpectrum(context, tensor) {
  const { t, numbers, session, signal } = context
  const trouble = createTrouble(context, tensor)
  const [rows, columns] = tensor.matrix ?? [0, 0]
  if (trouble) return h('div', { class: 'spectrum' }, trouble)
  const body = h('div', { class: 'spectrum', part: 'spectrum' })
  const codes = tensor.quantization?.codes
  const real = h('input', { type: 'checkbox', part: 'dequantized', onchange: begin })
  const heading = h('p', { class: 'plot-summary', part: 'matrix' }, t('asMatrix', { matrix: numbers.shape([rows, columns]) }))
  const head = [heading, codes ? h('div', { class: 'controls' }, h('label', {}, real, t('dequantized'))) : '']
  /** @type {AbortController | undefined} */
  let running

  /** @param {...Node} shown */
  const show = (...shown) => body.replaceChildren(...head, ...shown)

  function begin() {
    running?.abort()
    if (rows * columns * Math.min(rows, columns) <= AT_ONCE) compute()
    else show(h('button', { type: 'button', class: 'button', 'data-action': 'spectrum', onclick: compute }, t('computeSpectrum')))
  }

  async function compute() {
    running?.abort()
    running = new AbortController()
    const within = AbortSignal.any([signal, running.signal])
    const bar = h('progress', { max: 1, value: 0 })
    const told = h('span', { role: 'status' }, t('reading'))
    const cancel = h('button', { type: 'button', class: 'tool', 'data-action': 'cancel-spectrum', onclick: begin }, t('cancel'))
    show(h('div', { class: 'controls', part: 'spectrum-progress' }, told, bar, cancel))
    const onProgress = (/** @type {number} */ fraction) => {
      bar.value = fraction
      if (fraction < 1) return
      // How far the last step is cannot be told.
      bar.removeAttribute('value')
      told.textContent = t('decomposing')
    }
    try {
      const found = await session.checkpoint.spectrum(tensor.index, { dequantized: real.checked, signal: within, onProgress })
      const painter = await plots()
      if (!within.aborted) show(...createFound(context, tensor, found, painter))
    } catch (error) {
      if (isAbort(error)) return
      show(h('p', { class: 'message warn', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
    }
  }

  begin()
  return body
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Spectrum} found
 * @param {import('../plots.js').Plots} painter
 * @returns {HTMLElement[]}
 */
function createFound(context, tensor, found, painter) {
  const { t, settings, signal } = context
  if (found.values.length === 0) return [h('p', { class: 'message', role: 'status' }, t('noFinite'))]
  const log = h('input', { type: 'checkbox', part: 'log', checked: found.spectralNorm > 0, disabled: found.spectralNorm === 0, onchange: draw })
  const canvas = h('canvas', { part: 'canvas', role: 'img', 'aria-label': `${called(t, tensor)}. ${summary(context, found)}` })
  const place = h('div', { class: 'plot' }, canvas)
  /** @param {number} width @param {number} height @param {number} scale @returns {Chart} */
  const chart = (width, height, scale) => ({ ...charted(context, tensor, found, log.checked), ...chartTheme(place), width, height, scale })

  function draw() {
    const { clientWidth: width, clientHeight: height } = place
    if (width === 0 || height === 0) return
    const scale = devicePixelRatio || 1
    canvas.width = Math.round(width * scale)
    canvas.height = Math.round(height * scale)
    painter.draw(canvas, chart(width, height, scale))
  }

  const resized = new ResizeObserver(draw)
  resized.observe(place)
  signal.addEventListener('abort', () => resized.disconnect())
  settings.addEventListener('appearance', draw, { signal })
  const exports = createExports(context, tensor, found, painter, () => chart(EXPORT.width, EXPORT.height, EXPORT.scale))
  return [
    createFigures(context, found),
    h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('singularValues')), exports),
      h('div', { class: 'controls' }, h('label', {}, log, t('logValues'))),
      h('div', { class: 'figure-body' }, place, h('p', { class: 'plot-summary', part: 'plot-summary' }, summary(context, found)), createTable(context, found))),
  ]
}

/**
 * @param {OpenContext} context
 * @param {Spectrum} found
 */
function createFigures({ t, numbers }, found) {
  const { values, exact, errors, rows, columns } = found
  const measured = (/** @type {number | undefined} */ value, bound = '') => value === undefined ? '–' : `${exact ? '' : bound}${numbers.significant(value)}`
  return createGrid([
    { id: 'spectral-norm', label: t('spectralNorm'), value: measured(found.spectralNorm), hint: t('spectralNormHint') },
    { id: 'frobenius', label: t('frobenius'), value: measured(found.frobenius), hint: t('frobeniusHint') },
    { id: 'stable-rank', label: t('stableRank'), value: measured(found.stableRank), hint: t('stableRankHint') },
    { id: 'effective-rank', label: t('effectiveRank'), value: measured(found.effectiveRank, '≤ '), hint: t('effectiveRankHint') },
    { id: 'numerical-rank', label: t('numericalRank'), value: measured(found.numericalRank, '≥ '), hint: t('numericalRankHint') },
    { id: 'condition', label: t('condition'), value: measured(found.condition, '≥ '), hint: t('conditionHint') },
    { id: 'least', label: t(exact ? 'leastValue' : 'leastComputed'), value: measured(values.at(-1)) },
    { id: 'error', label: t(exact ? 'computedValues' : 'farthestOff'), value: exact ? numbers.exact(Math.min(rows, columns)) : measured(errors.at(-1)), hint: exact ? undefined : t('farthestOffHint') },
  ])
}

/**
 * @param {OpenContext} context
 * @param {Spectrum} found
 */
function summary({ t, numbers }, { values, exact, rows, columns, frobenius, spectralNorm }) {
  const share = frobenius > 0 ? (spectralNorm / frobenius) ** 2 : 0
  const facts = { count: numbers.exact(values.length), all: numbers.exact(Math.min(rows, columns)), largest: numbers.significant(values[0]), least: numbers.significant(values[values.length - 1]), percent: numbers.percent(share) }
  return t(exact ? 'spectrumSummary' : 'spectrumSummaryPart', facts)
}

/**
 * Values over their places; by logarithm as ratios to the least one above 0.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Spectrum} found
 * @param {boolean} logY
 */
function charted({ t }, tensor, { values }, logY) {
  const least = logY ? values.findLast(value => value > 0) ?? 1 : 1
  return {
    kind: /** @type {const} */ ('histogram'), title: called(t, tensor), xLabel: t('axisPlace'), yLabel: t(logY ? 'axisSingularRatio' : 'axisSingular'), logY,
    edges: Float64Array.from({ length: values.length + 1 }, (_, at) => at + 0.5), counts: values.map(value => value / least),
  }
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Spectrum} found
 * @param {import('../plots.js').Plots} painter
 * @param {() => Chart} chart
 */
function createExports({ t }, tensor, found, painter, chart) {
  /** @type {Record<string, () => Promise<Blob> | Blob>} */
  const types = {
    PNG: () => picture(painter, chart()),
    SVG: () => new Blob([painter.svg(chart())], { type: 'image/svg+xml' }),
    CSV: () => new Blob([csv(found)], { type: 'text/csv' }),
  }
  return h('span', { class: 'tools', role: 'group' }, Object.entries(types).map(([type, make]) => h('button', {
    type: 'button', class: 'tool', 'data-export': type.toLowerCase(), 'aria-label': t('exportAs', { type }),
    onclick: async () => download(`${tensor.name || 'tensor'}.spectrum.${type.toLowerCase()}`, await make()),
  }, type)))
}

/**
 * @param {import('../plots.js').Plots} painter
 * @param {Chart} chart
 * @returns {Promise<Blob>}
 */
function picture(painter, chart) {
  const canvas = h('canvas', { width: chart.width * chart.scale, height: chart.height * chart.scale })
  painter.draw(canvas, chart)
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob ? resolve(blob) : reject(new Error('The browser could not make a PNG.')), 'image/png'))
}

/** @param {Spectrum} found every digit of the values */
const csv = ({ values, errors }) => `place,value,error\n${Array.from(values, (value, at) => `${at + 1},${value},${errors[at]}\n`).join('')}`

/**
 * The values as a table, made when it is asked for.
 *
 * @param {OpenContext} context
 * @param {Spectrum} found
 */
function createTable({ t, numbers }, { values, errors, exact }) {
  const element = h('details', { class: 'bin-table', ontoggle: fill }, h('summary', {}, t('valueTable')))
  function fill() {
    if (element.children.length > 1) return
    const keys = /** @type {import('./texts.js').Key[]} */ (exact ? ['axisPlace', 'axisSingular'] : ['axisPlace', 'axisSingular', 'farthestOff'])
    const rows = Array.from(values, (value, at) => [numbers.exact(at + 1), numbers.significant(value, 10), ...exact ? [] : [numbers.significant(errors[at], 3)]])
    element.append(h('div', { class: 'scroll', tabindex: 0 }, h('table', {},
      h('thead', {}, h('tr', {}, keys.map(key => h('th', { scope: 'col' }, t(key))))),
      h('tbody', {}, rows.map(cells => h('tr', {}, cells.map(cell => h('td', {}, cell))))))))
  }
  return element
}
