// The views of one tensor: one record each.

import { createHistogram } from './histogram.js'
import { createWhere } from './where.js'

/**
 * @typedef {object} View
 * @property {string} id  the value of the attribute `view`
 * @property {import('./texts.js').Key} title
 * @property {(context: import('./context.js').OpenContext, tensor: import('../types').TensorInfo) => HTMLElement} create
 */

/** In the order of the tabs; the first is the one to begin with. @type {View[]} */
export const VIEWS = [
  { id: 'histogram', title: 'viewHistogram', create: createHistogram },
  { id: 'where', title: 'viewWhere', create: createWhere },
]
