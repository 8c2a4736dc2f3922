// The view Spectrum: the singular values of a tensor as a matrix, computed at once where that is soon done.

import { isAbort } from '../errors.js'
import { createDataTable } from './data-table.js'
import { h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { createGrid } from './stats.js'
import { called, createTrouble } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../types').Spectrum} Spectrum */

/** A matrix with more rows times columns times the shorter of both waits for a person to ask: this is about a second. */
const AT_ONCE = 2 ** 29

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
      const options = { dequantized: real.checked, signal: within, onProgress }
      const [found, painter] = await Promise.all([session.checkpoint.spectrum(tensor.index, options), painting(context)])
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
  const { t, signal } = context
  const { values, errors, exact, spectralNorm } = found
  if (values.length === 0) return [h('p', { class: 'message', role: 'status' }, t('noFinite'))]
  const log = h('input', { type: 'checkbox', part: 'log', checked: spectralNorm > 0, disabled: spectralNorm === 0, onchange: draw })
  const figure = h('div', { class: 'figure-body' })
  const columns = [t('axisPlace'), t('axisSingular'), ...exact ? [] : [t('farthestOff')]]
  const { numbers } = context
  const table = createDataTable(context, t('valueTable'), columns, values.length, at => [
    numbers.exact(at + 1), numbers.significant(values[at], 10), ...exact ? [] : [numbers.significant(errors[at], 3)],
  ])
  /** @type {Picture | undefined} */
  let picture
  let drawing = new AbortController()
  const exports = createExports(context, tensor.name, () => picture)
  exports.hidden = false

  function draw() {
    drawing.abort()
    drawing = new AbortController()
    const subject = places(context, tensor, found, log.checked)
    picture = new Picture({ ...context, signal: AbortSignal.any([signal, drawing.signal]) }, painter, subject)
    figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), table)
  }

  draw()
  return [
    createFigures(context, found),
    h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('singularValues')), exports),
      h('div', { class: 'controls' }, h('label', {}, log, t('logValues'))), figure),
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
 * The values over their places, as a picture.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @param {Spectrum} found
 * @param {boolean} logY
 * @returns {import('./picture.js').Subject}
 */
function places(context, tensor, found, logY) {
  const { t, numbers } = context
  const { values, errors, exact } = found
  const last = values.length - 1
  return {
    words: { title: called(t, tensor), xLabel: t('axisPlace'), yLabel: t(logY ? 'axisSingularLog' : 'axisSingular') },
    summary: summary(context, found),
    hint: t('choosePlace'),
    count: values.length,
    chart: (frame, hover) => ({ kind: 'spectrum', frame, values, errors: exact ? new Float64Array() : errors, logY, hover }),
    tell: at => [
      t('singularPlace', { place: numbers.exact(at + 1), value: numbers.significant(values[at], 6) }),
      ...exact ? [] : [t('singularOff', { error: numbers.significant(errors[at], 2) })],
    ],
    at: (x, _, { area }) => {
      const at = Math.round((x - area.left) / (area.right - area.left) * last)
      return x >= area.left && x <= area.right ? at : undefined
    },
    place: (at, { area }) => {
      const x = area.left + (last > 0 ? at / last : 0.5) * (area.right - area.left)
      return { ...area, left: x, right: x }
    },
    keys: at => ({ ArrowRight: at === undefined ? 0 : Math.min(last, at + 1), ArrowLeft: at === undefined ? last : Math.max(0, at - 1), Home: 0, End: last, Escape: undefined }),
  }
}
