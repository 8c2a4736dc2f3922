// The views of one tensor: one record each.

import { createHistogram } from './histogram.js'
import { later } from './later.js'
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
  { id: 'heatmap', title: 'viewHeatmap', create: later(async () => (await import('./heatmap.js')).createHeatmap) },
  { id: 'spectrum', title: 'viewSpectrum', create: later(async () => (await import('./spectrum.js')).createSpectrum), has: ({ matrix }) => matrix !== undefined },
  { id: 'depth', title: 'viewDepth', create: later(async () => (await import('./depth.js')).createDepth), has: ({ depth, absent, problem }) => depth !== undefined && !absent && !problem },
  { id: 'where', title: 'viewWhere', create: createWhere },
]
