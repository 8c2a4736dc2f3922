// Puts the parts together inside the element: header, facts, tabs, sections, footer; or the empty page.

import { createBanner, createDanger } from './banner.js'
import { h, visible } from './dom.js'
import { download } from './download.js'
import { createEmpty } from './empty.js'
import { createFacts } from './facts.js'
import { createFooter } from './footer.js'
import { createHeader } from './header.js'
import { SECTIONS } from './sections.js'
import { createTabs } from './tabs.js'
import { place } from '../place.js'

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').OpenContext} OpenContext */
/**
 * What the shell asks of the element.
 *
 * @typedef {object} Actions
 * @property {(files: FileList) => void} open
 * @property {(transfer: DataTransfer) => void} drop
 * @property {() => void} example
 * @property {() => void} close
 * @property {(progress: import('../types').Progress) => void} progress
 */

/** The style sheet, as a link: a strict policy allows no other. */
export function styleLink() {
  return h('link', { rel: 'stylesheet', href: place('styles/all.css') })
}

/**
 * Resolves when it is there, or has failed to come.
 *
 * @param {HTMLLinkElement} link
 */
export function loaded(link) {
  return link.sheet ?? new Promise(resolve => { link.onload = link.onerror = resolve })
}

export class Shell {
  /** @type {Context | null} */
  #context = null
  #parts = h('div', { class: 'parts' })
  /** The error in the banner. @type {{ error: Error & { kind?: string }, open: boolean } | null} */
  #failure = null
  #banner = h('div', { class: 'banners' })
  #status = h('div', { class: 'opening', part: 'opening', role: 'status' })
  #overlay = h('div', { class: 'overlay', 'aria-hidden': 'true' })
  /** @type {Actions | null} */
  #actions = null
  #dark = globalThis.matchMedia?.('(prefers-color-scheme: dark)')

  /** @param {import('../param-scope.js').ParamScope} host */
  constructor(host) {
    this.element = h('div', { class: 'root', part: 'root', ondragover: drag, ondragleave: drag, ondragenter: drag, ondrop: drag }, this.#banner, this.#parts, this.#overlay, this.#status)
    this.#dark?.addEventListener('change', () => this.theme(host.theme))
    this.theme('auto')
    const shell = this
    let depth = 0
    /** @param {DragEvent} event */
    function drag(event) {
      const { dataTransfer, type } = event
      if (host.readonly || !dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      if (type === 'dragenter') depth++
      else if (type === 'dragleave') depth--
      else if (type === 'drop') depth = 0
      shell.element.classList.toggle('dragging', depth > 0)
      if (type === 'drop') shell.#actions?.drop(dataTransfer)
    }
  }

  /**
   * @param {Context} context
   * @param {import('./session.js').Session | null} session
   * @param {Actions} actions
   */
  show(context, session, actions) {
    this.#context = context
    this.#actions = actions
    this.element.lang = context.host.language
    this.theme(context.host.theme)
    document.addEventListener('keydown', event => { if (event.key === 'Escape' && !event.defaultPrevented) this.dismiss() }, { signal: context.signal })
    this.#overlay.replaceChildren(h('span', {}, context.t('dropNow')))
    const { inputs, openers } = choosers(actions)
    const open = session && { ...context, session }
    const header = createHeader(open ?? context, openers, { close: actions.close, report: () => open && saveReport(open) })
    const body = open ? openParts(open, actions) : [createEmpty(context, openers)]
    this.element.classList.toggle('is-open', session !== null)
    if (this.#failure) this.error(this.#failure.error, this.#failure.open)
    this.#parts.replaceChildren(header, this.#banner, ...body, ...inputs)
  }

  /** @param {'auto' | 'light' | 'dark'} theme */
  theme(theme) {
    const dark = theme === 'auto' ? this.#dark?.matches : theme === 'dark'
    this.element.dataset.theme = dark ? 'dark' : 'light'
    this.#context?.settings.dispatchEvent(new Event('appearance'))
  }

  /** @param {string | null} name  of what is being opened; null when that is over */
  opening(name) {
    this.element.classList.toggle('busy', name !== null)
    this.element.setAttribute('aria-busy', String(name !== null))
    this.#status.textContent = name === null ? '' : this.#context?.t('opening', { name: visible(name) }) ?? ''
  }

  /**
   * @param {Error & { kind?: string }} error
   * @param {boolean} open  whether something is still open
   */
  error(error, open) {
    const context = this.#context
    if (!context) return this.broken(error.message)
    this.#failure = { error, open }
    const { t } = context
    const crashed = error.kind === 'crashed'
    const remark = crashed ? t(open ? 'crashed' : 'crashedOpening') : open ? t('errorKept') : null
    this.#banner.replaceChildren(createBanner(context, error, remark, () => this.dismiss()))
  }

  dismiss() {
    this.#failure = null
    this.#banner.replaceChildren()
  }

  /** Without the core there is nothing but a sentence to show. @param {string} sentence */
  broken(sentence) {
    this.#banner.replaceChildren(h('div', { class: 'banner', part: 'error', role: 'alert' }, h('p', {}, sentence)))
  }
}

/**
 * The file choosers, which are there but not to be seen.
 *
 * @param {Actions} actions
 */
function choosers({ open, example }) {
  const input = (/** @type {string} */ part, /** @type {boolean} */ folder) => {
    const chooser = h('input', { type: 'file', hidden: true, multiple: true, webkitdirectory: folder, part, onchange: () => {
      if (chooser.files?.length) open(chooser.files)
    } })
    return chooser
  }
  const inputs = [input('file-input', false), input('folder-input', true)]
  const ask = (/** @type {HTMLInputElement} */ chooser) => {
    // The same files may be chosen again.
    chooser.value = ''
    chooser.click()
  }
  return { inputs, openers: { files: () => ask(inputs[0]), folder: () => ask(inputs[1]), example } }
}

/**
 * @param {OpenContext} context
 * @param {Actions} actions
 */
function openParts(context, actions) {
  const { t, session, settings, signal } = context
  const sections = SECTIONS.filter(({ has }) => !has || has(context))
  const panel = h('div', { role: 'tabpanel', id: 'section', class: 'section', tabindex: -1 })
  let showing = new AbortController()
  const show = () => {
    showing.abort()
    showing = new AbortController()
    const section = sections.find(({ id }) => id === session.tab) ?? sections[0]
    panel.setAttribute('aria-labelledby', `section-${section.id}`)
    panel.replaceChildren(section.create({ ...context, signal: AbortSignal.any([signal, showing.signal]) }, go))
  }
  const tabs = createTabs({
    label: t('tabs'), look: 'sections', panel: 'section', chosen: session.tab,
    tabs: sections.map(({ id, title, badge }) => ({ id, title: t(title), extra: badge?.(context) })),
    onChoose: choose,
  })
  /** Shows a tensor in the table, where the keyboard goes on. @param {number} index */
  function go(index) {
    choose(sections[0].id)
    session.select(index)
    settings.dispatchEvent(new Event('focus'))
  }
  /** @param {string} id */
  function choose(id) {
    session.tab = id
    tabs.show(id)
    show()
  }
  session.addEventListener('tab', () => choose(session.tab), { signal })
  show()
  return [h('main', {}, createFacts(context), createDanger(context, () => choose('pickles')) ?? '', tabs.element, panel), createFooter(context, actions.progress)]
}

/**
 * @param {OpenContext} context
 */
async function saveReport({ session, signal, report }) {
  const { checkpoint } = session
  try {
    const text = await checkpoint.reportText({ signal })
    download(`${checkpoint.facts.files[0]?.name ?? 'checkpoint'}.report.json`, new Blob([text], { type: 'application/json' }))
  } catch (error) {
    report(/** @type {Error} */ (error))
  }
}
