// The lines of Python that read a tensor, to be copied.

import { isAbort } from '../errors.js'
import { h, visibleLines } from './dom.js'
import { icon } from './icons.js'

/** How long the button says that it copied. */
const COPIED_MS = 1600

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createPython({ t, session, signal }, tensor) {
  const code = h('code')
  let source = ''
  const pre = h('pre', { tabindex: 0, 'aria-label': t('python') }, code)
  const label = h('span', { role: 'status' }, t('copyPython'))
  const copy = h('button', { type: 'button', class: 'tool', part: 'copy-python', onclick: async () => {
    if (await copied(source, code)) label.textContent = t('copied')
    setTimeout(() => { label.textContent = t('copyPython') }, COPIED_MS)
  } }, icon('copy'), label)
  const element = h('section', { class: 'python' }, h('header', {}, h('h3', {}, t('python')), copy), pre)
  session.checkpoint.python(tensor.index, { signal }).then(
    lines => {
      source = lines
      element.hidden = lines === ''
      code.replaceChildren(...highlighted(visibleLines(lines)))
    },
    error => { if (!isAbort(error)) code.textContent = visibleLines(error.message) },
  )
  return element
}

/**
 * Texts in quotes stand out.
 *
 * @param {string} lines
 */
function highlighted(lines) {
  return lines.split(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/).map((part, i) => i % 2 === 1 ? h('b', {}, part) : part)
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
