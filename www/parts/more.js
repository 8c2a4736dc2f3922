// Long lists, shown a piece at a time.

import { h } from './dom.js'

/** So many at first, and so many more with each press. */
const FIRST = 200
const NEXT = 1000

/**
 * Adds the first of many things; the button adds the next.
 *
 * @template T
 * @param {import('./context.js').Context} context
 * @param {T[]} things
 * @param {(thing: T) => void} add
 * @returns {HTMLElement | null} the button, where there are more
 */
export function createMore({ t, numbers }, things, add) {
  let added = 0
  const next = (/** @type {number} */ count) => {
    things.slice(added, added + count).forEach(add)
    added = Math.min(added + count, things.length)
    if (added === things.length) return button.remove()
    const values = { count: numbers.exact(Math.min(NEXT, things.length - added)), left: numbers.exact(things.length - added) }
    button.textContent = t('showMore', values)
  }
  const button = h('button', { type: 'button', class: 'tool more', 'data-action': 'more', onclick: () => next(NEXT) })
  next(FIRST)
  return added < things.length ? button : null
}
