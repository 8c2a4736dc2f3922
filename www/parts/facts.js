// The facts under the header: format and producer, tensors, parameters, bytes, types.

import { h, visible } from './dom.js'

/** Types named below the bar; the rest are in its title. */
const NAMED_TYPES = 4

/** @type {Record<string, import('./texts.js').Key>} */
const BESIDE = { buffer: 'inBuffers', optimizer: 'inOptimizer', other: 'inOthers' }

/**
 * @param {import('./context.js').OpenContext} context
 * @returns {HTMLElement}
 */
export function createFacts(context) {
  const { t, numbers, session } = context
  const { format, producer, files, tensors, parameters, beside, fileBytes } = session.checkpoint.facts
  const others = beside.map(({ role, elements }) => t(BESIDE[role], { count: numbers.short(elements, true) }))
  const below = [producer && visible(producer), (files.length > 1 || !producer) && t('shards', { count: numbers.exact(files.length) }, files.length)].filter(Boolean).join(' · ')
  return h('section', { class: 'facts', part: 'facts', 'aria-label': t('facts') },
    fact('format', visible(format.label), below),
    fact('tensors', numbers.exact(tensors), t('tensors', {}, tensors)),
    fact('parameters', numbers.short(parameters, true), [t('parameters', {}, parameters), ...others].join(' · '), numbers.exact(parameters)),
    fact('bytes', numbers.bytes(fileBytes), t('onDisk'), `${numbers.exact(fileBytes)} B`),
    createTypes(context))
}

/**
 * @param {string} id
 * @param {string} value
 * @param {string} label
 * @param {string} [title]
 */
function fact(id, value, label, title) {
  return h('div', { class: 'fact', 'data-fact': id, title }, h('b', {}, value), h('span', {}, label))
}

/** @param {import('./context.js').OpenContext} context */
function createTypes({ t, numbers, session }) {
  const { dtypes } = session.checkpoint.facts
  if (dtypes.length === 0) return null
  const ordered = dtypes.toSorted((a, b) => b.bytes - a.bytes)
  const words = ordered.map(({ dtype, share }) => `${visible(dtype)} ${numbers.percent(share)}`)
  const bar = h('div', { class: 'bar', 'aria-hidden': 'true' }, ordered.map(({ share }) => {
    const part = h('i')
    part.style.flexGrow = String(share)
    return part
  }))
  const legend = words.length > NAMED_TYPES ? `${words.slice(0, NAMED_TYPES).join(' · ')} …` : words.join(' · ')
  return h('div', { class: 'dtypes', 'data-fact': 'dtypes', role: 'img', 'aria-label': `${t('dtypeShares')}: ${words.join(', ')}`, title: words.join(' · ') }, bar, h('span', {}, legend))
}
