// The views of one tensor: one record each.

import { createHistogram } from './histogram.js'
import { h } from './dom.js'
import { createWhere } from './where.js'

/**
 * @typedef {object} View
 * @property {string} id  the value of the attribute `view`
 * @property {import('./texts.js').Key} title
 * @property {(context: import('./context.js').OpenContext, tensor: import('../types').TensorInfo) => HTMLElement} create
 * @property {(tensor: import('../types').TensorInfo) => boolean} [has]  whether the tensor has what it shows
 */

/** In the order of the tabs; the first is the one to begin with. @type {View[]} */
export const VIEWS = [
  { id: 'histogram', title: 'viewHistogram', create: createHistogram },
  { id: 'spectrum', title: 'viewSpectrum', create: later(async () => (await import('./spectrum.js')).createSpectrum), has: ({ matrix }) => matrix !== undefined },
  { id: 'where', title: 'viewWhere', create: createWhere },
]

/**
 * A view whose code is fetched when it is asked for.
 *
 * @param {() => Promise<View['create']>} load
 * @returns {View['create']}
 */
function later(load) {
  return (context, tensor) => {
    const place = h('div')
    load().then(create => context.signal.aborted || place.replaceChildren(create(context, tensor)), context.report)
    return place
  }
}
