// The figures behind the plot, made when they are asked for.

import { h } from './dom.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').Histogram} histogram
 * @returns {HTMLElement}
 */
export function createBinTable({ t, numbers }, histogram) {
  const { edges, counts } = histogram
  const total = counts.reduce((sum, count) => sum + count, histogram.below + histogram.above) || 1
  const element = h('details', { class: 'bin-table', ontoggle: fill }, h('summary', {}, t('dataTable')))
  let filled = false
  function fill() {
    if (filled) return
    filled = true
    const keys = /** @type {const} */ (['binLow', 'binHigh', 'binValues', 'binShare'])
    const head = h('thead', {}, h('tr', {}, keys.map(key => h('th', { scope: 'col' }, t(key)))))
    const rows = Array.from(counts, (count, bin) => [numbers.significant(edges[bin], 6), numbers.significant(edges[bin + 1], 6), numbers.exact(count), numbers.percent(count / total)])
    element.append(h('div', { class: 'scroll', tabindex: 0 }, h('table', {}, head, h('tbody', {}, rows.map(cells => h('tr', {}, cells.map(cell => h('td', {}, cell))))))))
  }
  return element
}
