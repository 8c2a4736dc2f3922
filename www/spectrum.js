// The singular values of a tensor, in a worker: what the core reads is handed to the module that computes.

import { checkpointError } from './errors.js'
import { place } from './place.js'

/**
 * @param {import('./wasm/core').Opened} opened
 * @param {{ index: number, dequantized?: boolean }} args
 * @param {(fraction: number) => void} tell  1: all is read, and what is left cannot be told in fractions
 * @returns {Promise<import('./types').Spectrum>}
 */
export async function spectrum(opened, { index, dequantized }, tell) {
  const { Decomposition } = await load()
  const matrix = opened.matrix(index, dequantized)
  const [rows, columns] = [matrix.rows(), matrix.columns()]
  const decomposition = refusing(() => new Decomposition(rows, columns))
  for (let wanted = decomposition.wanted(); wanted; wanted = decomposition.wanted()) {
    decomposition.take(matrix.vectors(opened, wanted[0], wanted[1]))
    tell(decomposition.done())
  }
  const found = refusing(() => decomposition.finish())
  return {
    rows, columns, values: found.values(), errors: found.errors(), exact: found.exact(), frobenius: found.frobenius(), spectralNorm: found.spectralNorm(),
    stableRank: found.stableRank(), effectiveRank: found.effectiveRank(), numericalRank: found.numericalRank(), condition: found.condition(),
  }
}

async function load() {
  try {
    const module = await import('./wasm/spectrum.js')
    await module.default({ module_or_path: place('wasm/spectrum_bg.wasm') })
    return module
  } catch (error) {
    throw checkpointError('source', `What computes singular values could not be fetched (${/** @type {Error} */ (error).message}).`)
  }
}

/**
 * What the module refuses is no crash of it.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function refusing(work) {
  try {
    return work()
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error
    throw checkpointError('unsupported', /** @type {Error} */ (error).message)
  }
}
