// The grid of a tensor's statistics.

import { h } from './dom.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').Summary} summary
 * @returns {HTMLElement}
 */
export function createStats({ t, numbers }, summary) {
  const { count, nan, posInf, negInf, zeros } = summary
  const measured = (/** @type {number | undefined} */ value) => value === undefined ? '–' : numbers.significant(value)
  /** @type {{ id: string, label: string, value: string, bad?: boolean }[]} */
  const stats = [
    { id: 'min', label: t('min'), value: measured(summary.min) },
    { id: 'max', label: t('max'), value: measured(summary.max) },
    { id: 'mean', label: t('mean'), value: measured(summary.mean) },
    { id: 'std', label: t('deviation'), value: measured(summary.std) },
    { id: 'l2', label: t('l2'), value: measured(summary.l2) },
    { id: 'zeros', label: t('zeros'), value: numbers.exact(zeros) },
    { id: 'nan', label: t('nanInf'), value: `${numbers.exact(nan)} · ${numbers.exact(posInf + negInf)}`, bad: nan + posInf + negInf > 0 },
    { id: 'count', label: t('values'), value: numbers.exact(count) },
  ]
  return createGrid(stats)
}

/**
 * @param {{ id: string, label: string, value: string, bad?: boolean, hint?: string }[]} stats
 * @returns {HTMLElement}
 */
export function createGrid(stats) {
  return h('dl', { class: 'stats', part: 'stats' }, stats.map(({ id, label, value, bad, hint }) =>
    h('div', { 'data-stat': id, title: hint }, h('dt', {}, label), h('dd', { class: bad && 'bad' }, value))))
}
