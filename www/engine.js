// The wasm core: compiled once, then instantiated on the page and handed, compiled, to every worker.

import init, * as core from './wasm/core.js'
import { place } from './place.js'

/** @typedef {typeof core} Core */

/** The builds of the core: the one that a page begins with, and the one that reads everything. @typedef {'core' | 'full'} CoreName */

/** @type {Partial<Record<CoreName, Promise<WebAssembly.Module>>>} */
const compiled = {}
/** @type {Promise<Core> | undefined} */
let instantiated

/**
 * A build, compiled once for all workers. One that could not be fetched is fetched again when it is next asked for.
 *
 * @param {CoreName} name
 * @returns {Promise<WebAssembly.Module>}
 */
export function engine(name = 'core') {
  return compiled[name] ??= compile(place(`wasm/${name}_bg.wasm`)).catch(error => {
    delete compiled[name]
    throw error
  })
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
