// The decoders of files that are packed as a whole: a module of their own, fetched when the first such file is opened.

import { checkpointError } from './errors.js'
import { place } from './place.js'

/** @type {typeof import('./wasm/unpack').unpack | undefined} */
let unpack
let wanted = false

// The core calls this while it opens a file, and cannot wait.
Object.assign(globalThis, {
  /** @type {typeof import('./wasm/unpack').unpack} */
  paramscopeUnpack(way, packed, most) {
    if (unpack) return unpack(way, packed, most)
    wanted = true
    throw new Error('its decoder is not there')
  },
})

/**
 * Does what may need the decoders; where it turns out that it does, fetches them and does it again.
 *
 * @template T
 * @param {() => T} work
 * @returns {Promise<T>}
 */
export async function withUnpackers(work) {
  wanted = false
  try {
    return work()
  } catch (error) {
    if (!wanted) throw error
  }
  await load().catch(error => {
    throw checkpointError('source', `The decoder of packed files could not be fetched (${error.message}).`)
  })
  return work()
}

/** Whether a file was packed as a whole: it is in this worker's memory, and no other worker should have it, too. */
export const isUnpacked = () => unpack !== undefined

async function load() {
  const decoders = await import('./wasm/unpack.js')
  await decoders.default({ module_or_path: place('wasm/unpack_bg.wasm') })
  unpack = decoders.unpack
}
