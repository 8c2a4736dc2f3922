// The lines of Python that read a tensor, to be copied.

import { isAbort } from '../errors.js'
import { createCopy } from './copy.js'
import { h, visibleLines } from './dom.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createPython(context, tensor) {
  const { t, session, signal } = context
  const code = h('code')
  let source = ''
  const pre = h('pre', { tabindex: 0, 'aria-label': t('python') }, code)
  const copy = createCopy(context, 'copyPython', 'copy-python', code, () => source)
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
