// The grid of a tensor's statistics.

import { h } from './dom.js'
import { placeOf } from './tensor.js'

/** @typedef {import('./texts.js').Key} Key */
/** Of a summary's percentiles. */
const PERCENTS = [0.1, 1, 5, 25, 50, 75, 95, 99, 99.9]

/**
 * @typedef {object} Stat
 * @property {string} id
 * @property {string} label
 * @property {string} value
 * @property {string} [place]  where it is, beside the label
 * @property {boolean} [bad]
 * @property {string} [hint]
 * @property {boolean} [wide]  takes two places
 */

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 * @param {import('../types').Summary} summary
 * @returns {HTMLElement}
 */
export function createStats({ t, numbers }, { shape }, summary) {
  const { count, nan, posInf, negInf, zeros, subnormal, nanAt, posInfAt, negInfAt, percentiles } = summary
  const measured = (/** @type {number | undefined} */ value) => value === undefined ? '–' : numbers.significant(value)
  const at = (/** @type {number | undefined} */ index) => index === undefined || shape.length === 0 ? undefined : `[${placeOf(index, shape).join(', ')}]`
  const odd = [nanAt, posInfAt, negInfAt].filter(place => place !== undefined)
  const firstOdd = odd.length > 0 ? at(Math.min(...odd)) : undefined
  /** @type {Stat[]} */
  const stats = [
    { id: 'min', label: t('min'), value: measured(summary.min), place: at(summary.minAt), hint: t('minHint') },
    { id: 'max', label: t('max'), value: measured(summary.max), place: at(summary.maxAt), hint: t('maxHint') },
    { id: 'mean', label: t('mean'), value: measured(summary.mean), hint: t('meanHint') },
    { id: 'std', label: t('deviation'), value: measured(summary.std), hint: t('deviationHint') },
    { id: 'abs-mean', label: t('absMean'), value: measured(summary.absMean), hint: t('absMeanHint') },
    { id: 'l2', label: t('l2'), value: measured(summary.l2), hint: t('l2Hint') },
    { id: 'skewness', label: t('skewness'), value: measured(summary.skewness), hint: t('skewnessHint') },
    { id: 'kurtosis', label: t('kurtosis'), value: measured(summary.kurtosis), hint: t('kurtosisHint') },
    { id: 'zeros', label: t('zeros'), value: numbers.exact(zeros), hint: t('zerosHint') },
    { id: 'nan', label: t('nanInf'), value: `${numbers.exact(nan)} · ${numbers.exact(posInf + negInf)}`, bad: nan + posInf + negInf > 0, place: firstOdd, hint: t('nanInfHint') },
    ...subnormal > 0 ? [{ id: 'subnormal', label: t('subnormal'), value: numbers.exact(subnormal), hint: t('subnormalHint') }] : [],
    { id: 'count', label: t('values'), value: numbers.exact(count), wide: subnormal === 0, hint: t('valuesHint') },
  ]
  const grid = createGrid(stats)
  if (percentiles) {
    const ranks = PERCENTS.map((percent, rank) => h('div', { 'data-percent': percent }, h('dt', {}, `${percent} %`), h('dd', {}, numbers.significant(percentiles[rank], 3))))
    grid.append(h('div', { class: 'percentiles', 'data-stat': 'percentiles', title: t('percentilesHint') }, h('dt', {}, t('percentiles')), h('dd', {}, h('dl', {}, ranks))))
  }
  return grid
}

/**
 * @param {Stat[]} stats
 * @returns {HTMLElement}
 */
export function createGrid(stats) {
  return h('dl', { class: 'stats', part: 'stats' }, stats.map(({ id, label, value, place, bad, hint, wide }) =>
    h('div', { 'data-stat': id, title: hint, class: wide && 'wide' }, h('dt', {}, label), h('dd', { class: bad && 'bad' }, value), place && h('dd', { class: 'place' }, place))))
}
