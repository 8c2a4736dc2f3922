// The chosen tensor: what it is, its views, and how to read it in Python.

import { breakable, h, visible } from './dom.js'
import { createTensorHealth } from './health.js'
import { logo } from './icons.js'
import { createPython } from './python.js'
import { createTabs } from './tabs.js'
import { called, known } from './tensor.js'
import { VIEWS } from './views.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */

/**
 * @param {OpenContext} context
 * @returns {HTMLElement}
 */
export function createDetails(context) {
  const { t, session, signal } = context
  const element = h('section', { class: 'details', part: 'details', 'aria-label': t('details') })
  let showing = new AbortController()
  const show = () => {
    showing.abort()
    showing = new AbortController()
    const tensor = session.checkpoint.tensors[session.selected]
    const within = { ...context, signal: AbortSignal.any([signal, showing.signal]) }
    element.replaceChildren(...tensor ? describe(within, tensor) : nothing(context))
    element.scrollTop = 0
  }
  const follow = () => {
    // In one column the details are below the table.
    const table = element.previousElementSibling?.getBoundingClientRect()
    if (table && element.getBoundingClientRect().top >= table.bottom) element.scrollIntoView({ block: 'start', behavior: 'smooth' })
  }
  session.addEventListener('select', show, { signal })
  session.addEventListener('select', follow, { signal })
  show()
  return element
}

/** @param {OpenContext} context */
function nothing({ t }) {
  return [h('div', { class: 'nothing' }, h('span', { class: 'mark small' }, logo(26)), h('p', {}, t('nothingChosen')), h('p', { class: 'soft' }, t('nothingChosenHint')))]
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function describe(context, tensor) {
  const name = called(context.t, tensor)
  return [
    h('h2', { class: `tensor-name${tensor.name === '' ? ' soft' : ''}`, part: 'tensor-name', title: name }, breakable(name)),
    createChips(context, tensor),
    createTensorHealth(context, tensor.index),
    ...createViews(context, tensor),
    createPython(context, tensor),
  ]
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function createChips({ t, numbers }, tensor) {
  const { file, record, within, offset, absent, problem } = tensor
  const { dtype, shape, elements, bytes } = known(tensor)
  const where = absent ? null : file && offset !== undefined ? t('at', { file: visible(within && record || file), offset: numbers.exact(offset) }) : file && visible(file)
  const chips = [
    dtype, shape && (shape.length === 0 ? t('scalar') : numbers.shape(shape)),
    elements !== undefined && t('elements', { count: numbers.exact(elements) }, elements), bytes !== undefined && numbers.bytes(bytes), where,
  ]
  return h('div', { class: 'chips' },
    chips.map(text => text && h('span', { class: 'chip' }, text)),
    (absent || problem) && h('span', { class: 'chip warn' }, absent ? t('absentChip', { file: visible(absent) }) : t('unreadable')))
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function createViews(context, tensor) {
  const { host, t, settings, signal } = context
  const views = VIEWS.filter(({ has }) => !has || has(tensor))
  const panel = h('div', { role: 'tabpanel', id: 'view', class: 'view', tabindex: -1 })
  const tabs = createTabs({
    label: t('views'), look: 'views', panel: 'view', chosen: host.view,
    tabs: views.map(({ id, title }) => ({ id, title: t(title) })),
    onChoose: id => { host.view = id },
  })
  let showing = new AbortController()
  const show = () => {
    showing.abort()
    showing = new AbortController()
    const view = views.find(({ id }) => id === host.view) ?? views[0]
    tabs.show(view.id)
    panel.setAttribute('aria-labelledby', `view-${view.id}`)
    panel.replaceChildren(view.create({ ...context, signal: AbortSignal.any([signal, showing.signal]) }, tensor))
  }
  settings.addEventListener('view', show, { signal })
  show()
  return [tabs.element, panel]
}
