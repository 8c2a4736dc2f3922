// The button that copies a text.

import { h } from './dom.js'
import { icon } from './icons.js'

/** How long the button says that it copied. */
const COPIED_MS = 1600

/**
 * @param {import('./context.js').Context} context
 * @param {import('./texts.js').Key} title
 * @param {string} part
 * @param {HTMLElement} code  where the text stands
 * @param {() => string} source  the text itself
 */
export function createCopy({ t }, title, part, code, source) {
  const label = h('span', { role: 'status' }, t(title))
  return h('button', { type: 'button', class: 'tool copy', part, onclick: async () => {
    if (await copied(source(), code)) label.textContent = t('copied')
    setTimeout(() => { label.textContent = t(title) }, COPIED_MS)
  } }, icon('copy'), label)
}

/**
 * Where the clipboard is closed to the page, the text is selected instead, for the person to copy.
 *
 * @param {string} source
 * @param {HTMLElement} code
 * @returns {Promise<boolean>}
 */
async function copied(source, code) {
  try {
    await navigator.clipboard.writeText(source)
    return true
  } catch {
    getSelection()?.selectAllChildren(code)
    return false
  }
}
