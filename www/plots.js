// The module that draws: fetched with the first picture.

import { place } from './place.js'

/** @typedef {typeof import('./wasm/plots')} Plots */

/** @type {Promise<Plots> | undefined} */
let loading

/**
 * The module, instantiated. After a failure the next picture tries again.
 *
 * @returns {Promise<Plots>}
 */
export function plots() {
  loading ??= load()
  loading.catch(() => { loading = undefined })
  return loading
}

async function load() {
  const plots = await import('./wasm/plots.js')
  await plots.default({ module_or_path: place('wasm/plots_bg.wasm') })
  return plots
}
