// Parts whose scripts are fetched when they are first shown.

import { h } from './dom.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

/**
 * Makes a part once its script is there.
 *
 * @template {unknown[]} Rest
 * @param {() => Promise<(context: OpenContext, ...rest: Rest) => HTMLElement>} load
 * @returns {(context: OpenContext, ...rest: Rest) => HTMLElement}
 */
export function later(load) {
  return (context, ...rest) => {
    const element = h('div')
    load().then(create => {
      if (!context.signal.aborted) element.replaceWith(create(context, ...rest))
    }, error => element.replaceChildren(h('p', { class: 'message warn', role: 'alert' }, context.t('noPictures', { message: error.message }))))
    return element
  }
}
