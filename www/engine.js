// The wasm core: compiled once, then instantiated on the page and handed, compiled, to every worker.

import init, * as core from './wasm/core.js'
import { place } from './place.js'

/** @typedef {typeof core} Core */

/** @type {Promise<WebAssembly.Module> | undefined} */
let compiled
/** @type {Promise<Core> | undefined} */
let instantiated

/**
 * The compiled module.
 *
 * @returns {Promise<WebAssembly.Module>}
 */
export function engine() {
  compiled ??= compile(place('wasm/core_bg.wasm'))
  return compiled
}

/**
 * The core's stateless functions, ready on the page.
 *
 * @returns {Promise<Core>}
 */
export function coreOnPage() {
  instantiated ??= engine().then(module => init({ module_or_path: module })).then(() => core)
  return instantiated
}

/**
 * @param {URL} url
 * @returns {Promise<WebAssembly.Module>}
 */
async function compile(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`)
  // A host that does not know the type application/wasm cannot be streamed from.
  return response.headers.get('content-type')?.startsWith('application/wasm')
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer())
}
