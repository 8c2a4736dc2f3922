// The tab Health: what looks wrong in what was analysed, by rule. Fetched with the first finding that is shown.

import { isAbort } from '../errors.js'
import { breakable, h, visible } from './dom.js'
import { Wording, createFindings } from './health-texts.js'
import { createMore } from './more.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').Finding} Finding */
/** @typedef {import('../types').Health} Health */

export { createFindings }

/** Gravest first. */
const LEVELS = /** @type {const} */ (['danger', 'warning', 'info'])

/**
 * @param {OpenContext} context
 * @param {(index: number) => void} go  shows a tensor in the table
 * @returns {HTMLElement}
 */
export function createTab(context, go) {
  const { session, signal } = context
  const wording = new Wording(context)
  const told = h('div', { class: 'health-told', role: 'status' })
  const groups = h('div', { class: 'health-groups' })
  const start = h('button', { type: 'button', class: 'tool', 'data-action': 'analyse-health', onclick: analyse }, wording.texts.analyse)
  const element = h('div', { class: 'metadata health', part: 'health', onkeydown: key }, h('div', { class: 'health-summary', part: 'health-summary' }, told, start), groups)
  /** @type {Health | null} */
  let shown = null

  async function analyse() {
    // The keyboard stays here while the button is away.
    element.tabIndex = -1
    element.focus()
    try {
      await session.analyze('', () => {})
    } catch (error) {
      if (!isAbort(error)) context.report(/** @type {Error} */ (error))
    }
  }

  function show() {
    const { health, run } = session
    told.replaceChildren(...createSummary(context, wording, health))
    start.hidden = run !== null || session.results.size >= session.checkpoint.tensors.length
    if (health === shown && shown !== null) return
    shown = health
    const held = /** @type {HTMLElement | null} */ (element.querySelector(':focus'))?.dataset
    groups.replaceChildren(...health ? createGroups(context, wording, health, go) : [])
    // What comes in while one reads does not take the keyboard away.
    if (held?.rule) groups.querySelectorAll('button').forEach(button => { if (button.dataset.rule === held.rule && button.dataset.tensor === held.tensor) button.focus() })
  }

  /** Arrows go from finding to finding. @param {KeyboardEvent} event */
  function key(event) {
    const buttons = [...groups.querySelectorAll('button')]
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target))
    /** @type {Record<string, number>} */
    const ways = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }
    const next = buttons[ways[event.key]]
    if (!next) return
    event.preventDefault()
    next.focus()
  }

  session.addEventListener('health', show, { signal })
  session.addEventListener('analysis', show, { signal })
  session.examine().catch(error => { if (!isAbort(error)) context.report(error) })
  show()
  return element
}

/**
 * @param {OpenContext} context
 * @param {Wording} wording
 * @param {Health | null} health
 */
function createSummary({ numbers, session }, wording, health) {
  const { length: total } = session.checkpoint.tensors
  if (!health || health.studied === 0) return [h('p', {}, wording.texts.needs)]
  const studied = wording.counted(wording.texts.studied, total, { count: numbers.exact(health.studied), total: numbers.exact(total) })
  const counts = LEVELS.map(level => ({ level, count: countOf(health.findings, level) })).filter(({ count }) => count > 0)
  return [
    h('p', { class: 'soft' }, studied),
    counts.length > 0 && h('ul', { class: 'levels' }, counts.map(({ level, count }) => h('li', {}, h('span', { class: `badge level ${level}`, 'data-level': level }, wording.counted(wording.texts.levels[level], count))))),
  ].filter(part => part !== false)
}

/**
 * How many findings are of a level, those that are not listed included.
 *
 * @param {Finding[]} findings
 * @param {Finding['level']} level
 */
function countOf(findings, level) {
  return findings.reduce((sum, finding) => sum + (finding.level !== level ? 0 : finding.tensor === undefined ? finding.figure ?? 0 : 1), 0)
}

/**
 * @param {OpenContext} context
 * @param {Wording} wording
 * @param {Health} health
 * @param {(index: number) => void} go
 */
function createGroups(context, wording, { studied, findings, rules }, go) {
  if (findings.length === 0 && studied > 0) {
    return [h('section', { part: 'health-empty' }, h('h2', {}, wording.texts.nothing), h('p', { class: 'soft' }, wording.texts.checked),
      h('ul', { class: 'checked' }, rules.map(({ id }) => h('li', { 'data-rule': id }, h('b', {}, wording.rule(id).title), ' ', h('span', { class: 'soft' }, wording.rule(id).means)))))]
  }
  /** They come by level, and then by rule. @type {Finding[][]} */
  const groups = []
  for (const finding of findings) {
    const last = groups.at(-1)
    if (last?.[0].rule === finding.rule && last[0].level === finding.level) last.push(finding)
    else groups.push([finding])
  }
  return groups.map(group => createGroup(context, wording, group, go))
}

/**
 * The findings of one rule that are as grave as each other.
 *
 * @param {OpenContext} context
 * @param {Wording} wording
 * @param {Finding[]} findings
 * @param {(index: number) => void} go
 */
function createGroup(context, wording, findings, go) {
  const [{ rule, level, sure }] = findings
  const { title, means } = wording.rule(rule)
  const rows = h('ul', { class: 'health-rows' })
  const more = createMore(context, findings, finding => rows.append(createRow(wording, finding, go)))
  return h('section', { class: `health-group ${level}`, part: 'health-group', 'data-rule': rule, 'data-level': level },
    h('h2', {}, title, ' ', h('span', { class: `badge level ${level}` }, wording.texts.sure[sure])), h('p', { class: 'soft' }, means), rows, more)
}

/**
 * @param {Wording} wording
 * @param {Finding} finding
 * @param {(index: number) => void} go
 */
function createRow(wording, finding, go) {
  const { rule, tensor, index } = finding
  const figure = h('span', { class: 'figure' }, wording.says(finding))
  if (tensor === undefined || index === undefined) return h('li', {}, figure)
  return h('li', {},
    h('button', { type: 'button', 'data-rule': rule, 'data-tensor': index, 'data-name': tensor, onclick: () => go(index) }, breakable(visible(tensor))),
    figure, h('span', { class: 'where soft' }, wording.where(finding)))
}
