// The tab Layers: the layers in the order of the model, the weights of each side by side.

import { createDetails } from './details.js'
import { breakable, h, visible } from './dom.js'
import { createMore } from './more.js'
import { known } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').Layer} Layer */

/** @param {OpenContext} context */
export const hasLayers = ({ session }) => session.checkpoint.layers.length > 0

/**
 * What a tensor is to its layer, or undefined.
 *
 * @param {OpenContext} context
 * @param {number} tensor
 */
export function layerOf({ session }, tensor) {
  for (const layer of session.checkpoint.layers) {
    const weight = layer.weights.find(weight => weight.tensor === tensor)
    if (weight) return { layer, weight }
  }
  return undefined
}

/** @param {number} index */
export const fromModel = index => `model.get_weights()[${index}]`

/**
 * @param {OpenContext} context
 * @returns {HTMLElement}
 */
export function createLayers(context) {
  const { t, session, signal } = context
  const { layers } = session.checkpoint
  const rows = h('tbody')
  // Files of weights alone do not tell what their layers give.
  const outputs = layers.some(({ output }) => output)
  let number = 0
  const more = createMore(context, layers, layer => rows.append(createLayer(context, layer, number++, outputs)))
  const columns = /** @type {const} */ (['layerNumber', 'layer', ...outputs ? /** @type {const} */ (['layerOutput']) : [], 'weights', 'count'])
  const table = h('table', { class: 'layers', part: 'layers', 'aria-label': t('tabLayers'), onkeydown: key, onclick: choose },
    h('thead', {}, h('tr', {}, columns.map(column => h('th', { scope: 'col', class: column === 'count' && 'end' }, t(column))))), rows)
  session.addEventListener('select', show, { signal })
  show()

  /** One weight is in the tab order: the chosen one, or the first. */
  function show() {
    const weights = weightsIn(table)
    const chosen = weights.find(weight => Number(weight.dataset.tensor) === session.selected)
    for (const weight of weights) {
      weight.setAttribute('aria-pressed', String(weight === chosen))
      weight.tabIndex = weight === (chosen ?? weights[0]) ? 0 : -1
    }
  }

  /** @param {Event} event */
  function choose({ target }) {
    const weight = /** @type {HTMLElement} */ (target).closest('button')
    if (weight) session.select(Number(weight.dataset.tensor))
  }

  /** Arrows go along the weights of a layer and from layer to layer. @param {KeyboardEvent} event */
  function key(event) {
    const weights = weightsIn(table)
    const at = weights.indexOf(/** @type {HTMLButtonElement} */ (event.target))
    if (at < 0) return
    const row = weights[at].closest('tr')
    const other = (/** @type {HTMLButtonElement} */ weight) => weight.closest('tr') !== row
    /** @type {Record<string, () => HTMLButtonElement | undefined>} */
    const ways = {
      ArrowRight: () => weights[at + 1],
      ArrowLeft: () => weights[at - 1],
      ArrowDown: () => weights.slice(at).find(other),
      ArrowUp: () => weightsIn(weights.slice(0, at).findLast(other)?.closest('tr'))[0],
      Home: () => weights[0],
      End: () => weights.at(-1),
    }
    if (!(event.key in ways)) return
    event.preventDefault()
    const next = ways[event.key]()
    if (!next) return
    weights[at].tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }

  return h('div', { class: 'split' }, h('div', { class: 'layers-side' }, table, more), createDetails(context))
}

/**
 * @param {Element | null | undefined} element
 * @returns {HTMLButtonElement[]}
 */
function weightsIn(element) {
  return element ? [...element.querySelectorAll('button')] : []
}

/**
 * @param {OpenContext} context
 * @param {Layer} layer
 * @param {number} number
 * @param {boolean} outputs  whether there is a column for what layers give
 */
function createLayer(context, { name, class: kind, output, trainable, weights }, number, outputs) {
  const { t, numbers, session } = context
  const { tensors } = session.checkpoint
  const parameters = weights.reduce((sum, { tensor }) => sum + (tensors[tensor]?.elements ?? 0), 0)
  return h('tr', { 'data-layer': name },
    h('td', { class: 'number' }, numbers.exact(number)),
    h('th', { scope: 'row' }, breakable(visible(name)), h('span', { class: 'class' }, kind && breakable(visible(kind)), trainable === false && h('span', { class: 'badge' }, t('frozen')))),
    outputs && h('td', { class: 'output' }, output && visible(output)),
    h('td', {}, h('div', { class: 'weights' }, weights.map(weight => createWeight(context, weight)))),
    h('td', { class: 'end', 'data-label': t('count') }, weights.length > 0 && numbers.exact(parameters)))
}

/**
 * @param {OpenContext} context
 * @param {Layer['weights'][number]} weight
 */
function createWeight({ numbers, session }, { tensor, name, index }) {
  const { shape } = known(session.checkpoint.tensors[tensor])
  return h('button', { type: 'button', class: 'weight', 'data-tensor': tensor, tabindex: -1, title: index !== undefined && fromModel(index) },
    index !== undefined && h('i', {}, numbers.exact(index)), h('b', {}, breakable(visible(name))), shape && h('span', {}, numbers.shape(shape)))
}
