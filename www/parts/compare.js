// Choosing tensors to be compared with the one that is shown.

import { h, visible } from './dom.js'

/** @typedef {import('../types').TensorInfo} TensorInfo */

/** Beside the one that is shown: more lines cannot be told apart. */
const MOST = 4
/** So many names are offered at a time. */
const OFFERED = 50

/**
 * @param {import('./context.js').OpenContext} context
 * @param {TensorInfo} tensor  the one that is shown
 * @param {() => void} onChange
 */
export function createComparison(context, tensor, onChange) {
  const { t, session } = context
  /** @type {TensorInfo[]} */
  let others = []
  const offers = h('datalist', { id: 'comparable' })
  const input = h('input', {
    type: 'text', class: 'other', list: 'comparable', part: 'compare', autocomplete: 'off', spellcheck: 'false', placeholder: t('compareWith'), 'aria-label': t('compareWith'),
    onfocus: offer, oninput: offer, onchange: choose,
    onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Escape') input.value = '' },
  })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const chips = h('span', { class: 'compared', role: 'list', 'aria-label': t('compared') })
  const comparable = (/** @type {TensorInfo} */ other) => other.index !== tensor.index && !others.some(({ index }) => index === other.index) && !other.absent && !other.problem

  /** Names with what is typed in them, those that are called as this tensor is in its own module first. */
  function offer() {
    problem.hidden = true
    const typed = input.value.toLowerCase()
    /** @type {TensorInfo[][]} */
    const found = [[], []]
    for (const other of session.checkpoint.tensors) {
      if (found[0].length >= OFFERED) break
      const kin = found[other.label === tensor.label ? 0 : 1]
      if (kin.length < OFFERED && other.name.toLowerCase().includes(typed) && comparable(other)) kin.push(other)
    }
    offers.replaceChildren(...found.flat().slice(0, OFFERED).map(({ name }) => h('option', { value: name })))
  }

  function choose() {
    const typed = input.value.trim()
    if (typed === '') return
    const other = session.checkpoint.tensors.find(other => other.name === typed && comparable(other))
    problem.hidden = other !== undefined
    if (!other) {
      problem.textContent = t('compareNone', { name: visible(typed) })
      return
    }
    input.value = ''
    change([...others, other])
  }

  /** @param {TensorInfo[]} chosen */
  function change(chosen) {
    others = chosen
    input.hidden = others.length >= MOST
    chips.replaceChildren(...others.map(other => h('span', { class: 'chip', role: 'listitem' }, visible(other.name), h('button', {
      type: 'button', class: 'drop-other', 'aria-label': t('compareRemove', { name: visible(other.name) }),
      onclick: () => {
        change(others.filter(({ index }) => index !== other.index))
        input.focus()
      },
    }, '×'))))
    onChange()
  }

  return { element: h('div', { class: 'controls compare' }, chips, input, offers, problem), others: () => others }
}
