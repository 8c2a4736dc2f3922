// Health, as far as the page begins with it: the badge of its tab, and where the rest is fetched.

import { h } from './dom.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

/**
 * The tab, once its code is there.
 *
 * @param {OpenContext} context
 * @param {(index: number) => void} go  shows a tensor in the table
 */
export function createHealth(context, go) {
  const { signal, report } = context
  const element = h('div', { class: 'later' })
  import('./health-tab.js').then(({ createTab }) => {
    if (!signal.aborted) element.replaceWith(createTab(context, go))
  }, report)
  return element
}

/** How many findings ask for attention; it changes as they come. @param {OpenContext} context */
export function healthBadge({ t, numbers, session, signal }) {
  const badge = h('span', { part: 'health-badge', hidden: true })
  const show = () => {
    const grave = (session.health?.findings ?? []).filter(({ level }) => level !== 'info')
    const count = grave.reduce((sum, { tensor, figure }) => sum + (tensor === undefined ? figure ?? 0 : 1), 0)
    badge.hidden = count === 0
    badge.className = `n ${grave[0]?.level ?? ''}`
    badge.textContent = numbers.short(count)
    badge.setAttribute('aria-label', t('findingsCount', { count: numbers.exact(count) }, count))
  }
  session.addEventListener('health', show, { signal })
  show()
  return badge
}

/**
 * What was found in the tensor that is shown; nothing, while nothing is.
 *
 * @param {OpenContext} context
 * @param {number} index
 */
export function createTensorHealth(context, index) {
  const { session, signal, report } = context
  const element = h('div', { class: 'tensor-health' })
  const show = () => {
    const findings = (session.health?.findings ?? []).filter(finding => finding.index === index)
    if (findings.length === 0) return element.replaceChildren()
    import('./health-tab.js').then(({ createFindings }) => element.replaceChildren(createFindings(context, findings)), report)
  }
  session.addEventListener('health', show, { signal })
  show()
  return element
}
