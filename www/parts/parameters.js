// The tab Parameters: filter box and table on the left, the chosen tensor on the right.

import { isAbort } from '../errors.js'
import { createDetails } from './details.js'
import { h } from './dom.js'
import { FilterBox } from './filter.js'
import { TreeGrid } from './treegrid.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @returns {HTMLElement}
 */
export function createParameters(context) {
  const { host, session, settings, signal } = context
  /** @type {AbortController | undefined} */
  let asking
  const grid = new TreeGrid(context, () => ask())
  const filter = new FilterBox(context, () => grid.focus())

  /** Asks for the rows; an answer that is overtaken by the next question is dropped. */
  async function ask() {
    asking?.abort()
    asking = new AbortController()
    const query = host.filter
    const { sort, descending, grouped } = session
    try {
      const table = await session.checkpoint.table({ query, sort, descending, grouped }, { signal: asking.signal })
      session.shown = { table, query }
      grid.show(table, query)
      filter.found(table)
    } catch (error) {
      if (!isAbort(error)) filter.refused(/** @type {Error} */ (error))
    }
  }

  settings.addEventListener('filter', ask, { signal })
  settings.addEventListener('rows', ask, { signal })
  // What is found may depend on what was analysed (has:nan).
  session.addEventListener('analysis', () => { if (!session.run && host.filter.trim() !== '') ask() }, { signal })
  settings.addEventListener('focus', () => grid.focus(), { signal })
  signal.addEventListener('abort', () => asking?.abort())
  if (session.shown) grid.show(session.shown.table, session.shown.query)
  ask()
  return h('div', { class: 'split' }, h('div', { class: 'left' }, filter.element, grid.element), createDetails(context))
}
