// What a tensor is called, what is known of it, and what keeps its elements from being read.

import { h, visible } from './dom.js'
import { hasPickles } from './pickles.js'

/** @typedef {import('../types').TensorInfo} TensorInfo */

/**
 * A tensor that is all there is in its file has no name.
 *
 * @param {import('./texts.js').Translate} t
 * @param {TensorInfo} tensor
 */
export const called = (t, { name }) => name === '' ? t('unnamed') : visible(name)

/**
 * What its file tells of a tensor. A type that is not told is `unknown`, and a shape that is not told is [0] beside it.
 *
 * @param {TensorInfo} tensor
 * @returns {{ dtype?: string, shape?: number[], elements?: number, bytes?: number }}
 */
export function known({ dtype, shape, elements, bytes }) {
  const typed = dtype !== 'unknown'
  const shaped = typed || shape.length !== 1 || elements > 0
  return {
    dtype: typed ? visible(dtype) : undefined,
    ...shaped && { shape, elements },
    bytes: bytes > 0 || typed && elements === 0 ? bytes : undefined,
  }
}

/**
 * Why there is nothing to show of a tensor's elements, or null.
 *
 * @param {import('./context.js').OpenContext} context
 * @param {TensorInfo} tensor
 */
export function createTrouble(context, { absent, problem }) {
  const { t, session } = context
  // What a lone pickle misses is a record of its own archive, and no file.
  const together = session.checkpoint.facts.files.length > 1 || !hasPickles(context)
  const why = absent ? [t('absent', { file: visible(absent) }), together && t('absentTogether')].filter(Boolean).join(' ') : problem && visible(problem)
  return why ? h('p', { class: 'message warn', part: 'trouble', role: 'status' }, why) : null
}

const COMPLEX = ['c32', 'bc32', 'c64', 'c128']

/** Whether pictures and figures are of the moduli of its elements. @param {TensorInfo} tensor */
export const isComplex = ({ dtype }) => COMPLEX.includes(dtype)

/**
 * The index on each axis of what has a row-major index.
 *
 * @param {number} index
 * @param {number[]} shape
 */
export function placeOf(index, shape) {
  const places = shape.map(() => 0)
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    places[axis] = index % shape[axis]
    index = Math.floor(index / shape[axis])
  }
  return places
}
