// The rules of health, in the worker that owns the checkpoint: fetched when their findings are first asked for.

import { checkpointError } from './errors.js'
import { place } from './place.js'

/** @typedef {typeof import('./wasm/health')} Rules */

/** @type {Promise<Rules> | undefined} */
let loading
/** @type {import('./wasm/health').Examination | undefined} */
let examination
let taken = 0

/**
 * What the rules find in what was studied so far, and which rules there are.
 *
 * @param {import('./wasm/core').Opened} opened  the worker's one checkpoint
 */
export async function examine(opened) {
  const { Examination, rules } = await (loading ??= load())
  examination ??= new Examination(opened.patient())
  const studied = opened.studied()
  if (studied > taken) examination.take(opened.vitals(taken))
  taken = studied
  return { examination, rules: rules() }
}

/** @returns {Promise<Rules>} */
async function load() {
  try {
    const rules = await import('./wasm/health.js')
    await rules.default({ module_or_path: place('wasm/health_bg.wasm') })
    return rules
  } catch (error) {
    loading = undefined
    throw checkpointError('source', `The rules of health could not be fetched (${/** @type {Error} */ (error).message}).`)
  }
}
