// The figures behind a picture, made when they are asked for.

import { h } from './dom.js'
import { createMore } from './more.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {string} title
 * @param {string[]} columns
 * @param {number} count  of rows
 * @param {(row: number) => string[]} cells
 * @returns {HTMLElement}
 */
export function createDataTable(context, title, columns, count, cells) {
  const element = h('details', { class: 'data-table', part: 'data-table', ontoggle: fill }, h('summary', {}, title))
  let filled = false
  function fill() {
    if (filled) return
    filled = true
    const head = h('thead', {}, h('tr', {}, columns.map(column => h('th', { scope: 'col' }, column))))
    const body = h('tbody')
    const more = createMore(context, Array.from({ length: count }, (_, row) => row), row => body.append(h('tr', {}, cells(row).map(cell => h('td', {}, cell)))))
    element.append(h('div', { class: 'scroll', tabindex: 0 }, h('table', {}, head, body), more))
  }
  return element
}
