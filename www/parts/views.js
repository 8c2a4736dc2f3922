// The views of one tensor: one record each.

import { later } from './later.js'

/**
 * @typedef {object} View
 * @property {string} id  the value of the attribute `view`
 * @property {import('./texts.js').Key} title
 * @property {(context: import('./context.js').OpenContext, tensor: import('../types').TensorInfo) => HTMLElement} create
 * @property {(tensor: import('../types').TensorInfo) => boolean} [has]  whether the tensor has what it shows
 */

/** Bounds of the attribute `bins`. */
export const MIN_BINS = 10
export const MAX_BINS = 500

/** In the order of the tabs; the first is the one to begin with. @type {View[]} */
export const VIEWS = [
  { id: 'histogram', title: 'viewHistogram', create: later(async () => (await import('./histogram.js')).createHistogram) },
  { id: 'heatmap', title: 'viewHeatmap', create: later(async () => (await import('./heatmap.js')).createHeatmap) },
  { id: 'channels', title: 'viewChannels', create: later(async () => (await import('./channels.js')).createChannels), has: ({ shape }) => shape.length > 1 },
  { id: 'spectrum', title: 'viewSpectrum', create: later(async () => (await import('./spectrum.js')).createSpectrum), has: ({ matrix }) => matrix !== undefined },
  { id: 'depth', title: 'viewDepth', create: later(async () => (await import('./depth.js')).createDepth), has: ({ depth, absent, problem }) => depth !== undefined && !absent && !problem },
  { id: 'where', title: 'viewWhere', create: later(async () => (await import('./where.js')).createWhere) },
]
