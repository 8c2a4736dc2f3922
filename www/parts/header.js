// The bar on top: what is open, the promise, language and theme, and what can be done.

import { h, visible } from './dom.js'
import { icon, logo } from './icons.js'
import { createMenu } from './menu.js'
import { LANGUAGES } from './texts.js'

/** @typedef {import('./context.js').Context} Context */
/** What a person can do to open something. @typedef {{ files(): void, folder(): void, example(): void }} Openers */

const THEMES = /** @type {const} */ (['auto', 'light', 'dark'])
const THEME_LOOK = /** @type {const} */ ({ auto: ['auto', 'themeAuto'], light: ['sun', 'themeLight'], dark: ['moon', 'themeDark'] })

/**
 * @param {Context & { session?: import('./session.js').Session }} context
 * @param {Openers} openers
 * @param {{ report(): void, close(): void }} actions
 * @returns {HTMLElement}
 */
export function createHeader(context, openers, actions) {
  const { host, t, session } = context
  return h('header', { class: 'top', part: 'header' },
    h('span', { class: 'logo' }, logo(18), h('span', { class: 'word' }, 'Paramscope')),
    session && createName(context, session.checkpoint.facts.files.map(({ name }) => name)),
    h('span', { class: 'space' }),
    h('slot', { name: 'toolbar' }),
    h('span', { class: 'pill ok sent', title: t('bytesSentTitle') }, icon('lock'), t('bytesSent')),
    createLanguages(context),
    createTheme(context),
    session && !host.readonly && createMenu({
      label: [t('open')], part: 'open-menu', look: 'pill', items: [
        { id: 'files', text: t('chooseFiles'), act: openers.files },
        { id: 'folder', text: t('chooseFolder'), act: openers.folder },
        { id: 'example', text: t('tryExample'), act: openers.example },
      ],
    }),
    session && createMenu({
      label: [icon('more')], title: t('more'), part: 'more-menu', look: 'pill round', items: [
        { id: 'report', text: t('report'), act: actions.report },
        ...host.readonly ? [] : [{ id: 'close', text: t('close'), act: actions.close }],
      ],
    }))
}

/**
 * @param {Context} context
 * @param {string[]} names
 */
function createName({ t, numbers }, names) {
  const text = visible(joined(names, (name, count) => t('otherFiles', { name, count: numbers.exact(count) }, count)))
  return h('h1', { class: 'file', part: 'file-name', title: names.slice(0, 40).map(visible).join('\n') }, text)
}

/**
 * Several shards as one name: `model-0000{1..4}-of-00004.safetensors`. Other files of one folder have the folder's name.
 *
 * @param {string[]} names
 * @param {(name: string, count: number) => string} others
 * @returns {string}
 */
function joined(names, others) {
  if (names.length < 2) return names[0] ?? ''
  const sorted = names.toSorted()
  const [first, last] = [sorted[0], sorted[sorted.length - 1]]
  let start = 0
  while (start < first.length && names.every(name => name[start] === first[start])) start++
  let end = 0
  while (end < first.length - start && names.every(name => name.length - end > start && name.at(-1 - end) === first.at(-1 - end))) end++
  const middle = (/** @type {string} */ name) => name.slice(start, name.length - end)
  const folder = first.slice(0, start).lastIndexOf('/') + 1
  if (!names.every(name => /^\d+$/.test(middle(name)))) return folder > 0 ? first.slice(0, folder) : others(first, names.length - 1)
  return `${first.slice(0, start)}{${middle(first)}..${middle(last)}}${end > 0 ? first.slice(-end) : ''}`
}

/** @param {Context} context */
function createLanguages({ host, t }) {
  const current = host.language
  return h('select', { class: 'pill language', part: 'language', 'aria-label': t('language'), onchange: (/** @type {Event} */ event) => {
    host.lang = /** @type {HTMLSelectElement} */ (event.target).value
    host.shadowRoot?.querySelector('select')?.focus()
  } }, Object.entries(LANGUAGES).map(([id, { name }]) => h('option', { value: id, selected: id === current, lang: id }, name)))
}

/** @param {Context} context */
function createTheme({ host, t, settings, signal }) {
  const button = h('button', { type: 'button', class: 'pill round', part: 'theme', onclick: () => {
    host.theme = THEMES[(THEMES.indexOf(host.theme) + 1) % THEMES.length]
  } })
  const show = () => {
    const [look, key] = THEME_LOOK[host.theme]
    const label = t('theme', { theme: t(key) })
    button.replaceChildren(icon(look))
    button.title = label
    button.setAttribute('aria-label', label)
  }
  settings.addEventListener('theme', show, { signal })
  show()
  return button
}
