// The SHA-256 of a tensor: computed when it is asked for, known from then on.

import { isAbort } from '../errors.js'
import { createCopy } from './copy.js'
import { h, visible } from './dom.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createHash(context, { index }) {
  const { t, session, signal } = context
  const element = h('span', { class: 'hash', part: 'hash' })
  let running = new AbortController()

  function offer() {
    running.abort()
    element.replaceChildren(h('button', { type: 'button', class: 'tool', 'data-action': 'hash', onclick: compute }, t('compute')))
  }

  async function compute() {
    running = new AbortController()
    const bar = h('progress', { max: 1, value: 0, 'aria-label': t('reading') })
    const cancel = h('button', { type: 'button', class: 'tool', 'data-action': 'cancel-hash', onclick: () => { offer(); focus() } }, t('cancel'))
    element.replaceChildren(bar, cancel)
    cancel.focus()
    try {
      const within = AbortSignal.any([signal, running.signal])
      session.hashes.set(index, await session.checkpoint.sha256(index, { signal: within, onProgress: fraction => { bar.value = fraction } }))
      show()
      focus()
    } catch (error) {
      if (!isAbort(error)) element.replaceChildren(h('span', { class: 'problem', role: 'alert' }, visible(/** @type {Error} */ (error).message)))
    }
  }

  function show() {
    const digits = session.hashes.get(index)
    if (!digits) return offer()
    const code = h('code', {}, digits)
    element.replaceChildren(code, createCopy(context, 'copy', 'copy-hash', code, () => digits))
  }

  /** The button that took the place of the one with the keyboard. */
  function focus() {
    element.querySelector('button')?.focus()
  }

  show()
  return element
}
