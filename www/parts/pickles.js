// The tab Pickle: what the pickles in the files would import if Python loaded them. Here they are followed, never run.

import { h, visible } from './dom.js'
import { createMore } from './more.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').Pickle} Pickle */
/** @typedef {import('../types').PickledName} PickledName */
/** @typedef {PickledName['level']} Level */

/** Worst first. @type {Record<Level, { label: import('./texts.js').Key, look: '' | 'warning' | 'danger' }>} */
const LEVELS = {
  'runs-code': { label: 'levelRunsCode', look: 'danger' },
  hidden: { label: 'levelHidden', look: 'danger' },
  'not-known': { label: 'levelNotKnown', look: 'warning' },
  'numpy-builder': { label: 'levelNumpy', look: '' },
  'in-torchs-list': { label: 'levelTorch', look: '' },
}
const ORDER = /** @type {Level[]} */ (Object.keys(LEVELS))

/** @param {OpenContext} context */
export const hasPickles = ({ session }) => session.checkpoint.pickles.length > 0

/**
 * @param {OpenContext} context
 * @returns {HTMLElement}
 */
export function createPickles(context) {
  const { t, session } = context
  const { pickles } = session.checkpoint
  const sections = h('div', { class: 'pickles' })
  return h('div', { class: 'metadata', part: 'pickles' },
    h('section', {}, h('h2', {}, t('pickleSummary')), createSummary(context, pickles), h('p', { class: 'soft' }, t('pickleNotRun'))),
    sections, createMore(context, pickles, pickle => sections.append(createPickle(context, pickle))))
}

/** How many names there are that one does not expect. @param {OpenContext} context */
export function picklesBadge({ t, numbers, session }) {
  const counts = countLevels(session.checkpoint.pickles)
  const unusual = ORDER.filter(level => LEVELS[level].look !== '' && counts[level] > 0)
  if (unusual.length === 0) return null
  const count = unusual.reduce((sum, level) => sum + counts[level], 0)
  return h('span', { class: `n ${LEVELS[unusual[0]].look}`, part: 'pickles-badge', 'aria-label': t('unusualNames', { count: numbers.exact(count) }, count) }, numbers.short(count))
}

/** @param {Pickle[]} pickles */
function countLevels(pickles) {
  const counts = { 'runs-code': 0, hidden: 0, 'not-known': 0, 'numpy-builder': 0, 'in-torchs-list': 0 }
  for (const { names } of pickles) for (const { level } of names) counts[level]++
  return counts
}

/**
 * @param {OpenContext} context
 * @param {Pickle[]} pickles
 */
function createSummary({ t, numbers }, pickles) {
  const counts = countLevels(pickles)
  const found = ORDER.filter(level => counts[level] > 0)
  // That nothing is named is said where it is so.
  if (found.length === 0) return null
  const usual = pickles.every(({ stopped, more, verdict }) => stopped === undefined && more === 0 && verdict?.accepts !== false)
  if (usual && found.every(level => LEVELS[level].look === '')) return h('p', { part: 'pickles-summary' }, t('pickleUsual'))
  return h('ul', { class: 'levels', part: 'pickles-summary' }, found.map(level => h('li', {}, h('b', {}, numbers.exact(counts[level])), ' ', createLevel(t, level))))
}

/**
 * @param {import('./texts.js').Translate} t
 * @param {Level} level
 */
function createLevel(t, level) {
  const { label, look } = LEVELS[level]
  return h('span', { class: `badge level ${look}`, 'data-level': level }, t(label))
}

/**
 * @param {OpenContext} context
 * @param {Pickle} pickle
 */
function createPickle(context, { place, protocol, stopped, problem, verdict, names, more }) {
  const { t, numbers } = context
  const state = stopped === undefined ? t('pickleComplete') : t('pickleStopped', { offset: numbers.exact(stopped) })
  return h('section', { part: 'pickle', 'data-place': place },
    h('h2', {}, visible(place)),
    h('div', { class: 'chips' }, h('span', { class: 'chip' }, t('pickleProtocol', { protocol })), h('span', { class: `chip${stopped === undefined ? '' : ' warn'}` }, state)),
    problem && h('p', { class: 'message warn' }, visible(problem)),
    verdict && h('p', { part: 'verdict' }, h('code', {}, 'torch.load(…, weights_only=True)'), ' ', ...verdictText(t, verdict)),
    names.length === 0 ? h('p', { class: 'soft' }, t('noNames')) : createNames(context, names),
    more > 0 && h('p', { class: 'soft' }, t('moreNames', { count: numbers.exact(more) }, more)))
}

/**
 * @param {import('./texts.js').Translate} t
 * @param {NonNullable<Pickle['verdict']>} verdict
 */
function verdictText(t, { accepts, because }) {
  if (accepts || !because) return [t(accepts ? 'verdictAccepts' : 'verdictRefuses')]
  const [before, after] = t('verdictRefusesFor').split('{because}')
  // A name, or a phrase.
  return [before, because.includes(' ') ? visible(because) : h('code', {}, visible(because)), after]
}

/**
 * @param {OpenContext} context
 * @param {PickledName[]} names
 */
function createNames(context, names) {
  const { t, numbers } = context
  const columns = /** @type {const} */ (['pickledName', 'pickledLevel', 'pickledReason', 'opcode', 'pickledAt'])
  const rows = h('tbody')
  const worstFirst = names.toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || a.at - b.at)
  const more = createMore(context, worstFirst, ({ name, spelled, at, opcode, level, reason }) => rows.append(h('tr', { 'data-name': name },
    h('th', { scope: 'row' }, visible(name), spelled !== undefined && h('span', { class: 'spelled' }, t('spelled', { name: visible(spelled) }))),
    h('td', {}, createLevel(t, level)),
    h('td', { class: 'reason' }, visible(reason)),
    h('td', { class: 'opcode' }, visible(opcode)),
    h('td', { class: 'end', 'data-label': t('pickledAt') }, numbers.exact(at)))))
  return h('div', {}, h('table', { class: 'facts-table names' },
    h('thead', {}, h('tr', {}, columns.map(key => h('th', { scope: 'col', class: key === 'pickledAt' && 'end' }, t(key))))), rows), more)
}
