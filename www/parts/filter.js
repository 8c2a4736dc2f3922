// The filter box, with what it found beside it.

import { h, visible } from './dom.js'
import { icon } from './icons.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

/** A pause in typing after which what cannot be a filter yet is taken for a mistake. */
const TYPING_MS = 250

export class FilterBox {
  #context
  #input
  #hits = h('span', { class: 'hits', part: 'hits', role: 'status' })
  #problem = h('p', { class: 'problem', id: 'filter-problem', role: 'status', hidden: true })
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #refusing

  /**
   * @param {OpenContext} context
   * @param {() => void} onLeave  called when the keyboard leaves the box for the table
   */
  constructor(context, onLeave) {
    this.#context = context
    const { host, t, signal } = context
    this.#input = h('input', {
      type: 'text', part: 'filter', 'aria-label': t('filter'), 'aria-describedby': 'filter-problem', placeholder: t('filterPlaceholder'),
      spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', enterkeyhint: 'search',
      oninput: () => { host.filter = this.#input.value }, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event, onLeave),
    })
    this.#input.value = host.filter
    this.element = h('div', { class: 'find' },
      h('label', { class: 'box' }, icon('search'), this.#input, h('kbd', { 'aria-hidden': 'true' }, '/')),
      shapeSwitch(context), this.#hits, this.#problem)
    document.addEventListener('keydown', event => this.#slash(event), { signal })
    context.settings.addEventListener('filter', () => {
      if (this.#input.value !== host.filter) this.#input.value = host.filter
    }, { signal })
  }

  /** @param {import('../wasm/core').Table} table */
  found({ matches, parameters }) {
    const { t, numbers, session } = this.#context
    const values = { matches: numbers.exact(matches), total: numbers.exact(session.checkpoint.tensors.length) }
    this.#hits.textContent = t('hits', { ...values, parameters: numbers.short(parameters, parameters >= 1e9) })
    this.#hits.title = t('hitsTitle', { ...values, parameters: numbers.exact(parameters) })
    clearTimeout(this.#refusing)
    this.#problem.hidden = true
    this.#input.removeAttribute('aria-invalid')
  }

  /** @param {Error} error */
  refused(error) {
    clearTimeout(this.#refusing)
    this.#refusing = setTimeout(() => {
      this.#problem.textContent = visible(error.message)
      this.#problem.hidden = false
      this.#input.setAttribute('aria-invalid', 'true')
    }, TYPING_MS)
  }

  /**
   * @param {KeyboardEvent} event
   * @param {() => void} onLeave
   */
  #key(event, onLeave) {
    if (event.key === 'Escape' && this.#input.value !== '') {
      this.#context.host.filter = ''
    } else if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') {
      this.#context.host.filter = this.#input.value
      onLeave()
    } else {
      return
    }
    event.preventDefault()
  }

  /** The slash comes here from everywhere but other boxes. @param {KeyboardEvent} event */
  #slash(event) {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
    const from = event.composedPath()
    const [target] = from
    if (target instanceof Element && target.matches('input, textarea, select, [contenteditable]')) return
    if (target !== document.body && !from.includes(this.#context.host)) return
    event.preventDefault()
    this.#input.focus()
    this.#input.select()
  }
}

/** Module tree or flat list. @param {OpenContext} context */
function shapeSwitch({ t, session, settings }) {
  const button = (/** @type {boolean} */ grouped) => h('button', {
    type: 'button', class: 'icon-button', 'data-shape': grouped ? 'tree' : 'list', title: t(grouped ? 'asTree' : 'asList'), 'aria-label': t(grouped ? 'asTree' : 'asList'),
    'aria-pressed': String(session.grouped === grouped),
    onclick: () => {
      session.grouped = grouped
      for (const each of buttons) each.setAttribute('aria-pressed', String((each.dataset.shape === 'tree') === grouped))
      settings.dispatchEvent(new Event('rows'))
    },
  }, icon(grouped ? 'tree' : 'list'))
  const buttons = [button(true), button(false)]
  return h('span', { class: 'switch', role: 'group' }, buttons)
}
