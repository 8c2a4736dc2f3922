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
    ...(/** @type {const} */ (['min', 'max', 'mean', 'std', 'l2'])).map(id => ({ id, label: t(id), value: measured(summary[id]) })),
    { id: 'zeros', label: t('zeros'), value: numbers.exact(zeros) },
    { id: 'nan', label: t('nanInf'), value: `${numbers.exact(nan)} · ${numbers.exact(posInf + negInf)}`, bad: nan + posInf + negInf > 0 },
    { id: 'count', label: t('values'), value: numbers.exact(count) },
  ]
  return h('dl', { class: 'stats', part: 'stats' }, stats.map(({ id, label, value, bad }) =>
    h('div', { 'data-stat': id }, h('dt', {}, label), h('dd', { class: bad && 'bad' }, value))))
}
