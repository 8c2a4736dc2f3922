// The tab Metadata: notes by severity, the files, and what the checkpoint says about itself.

import { h, visible, visibleLines } from './dom.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

/** Longer values (chat templates, vocabularies) are cut until asked for. */
const LONG_TEXT = 600
/** Gravest first. */
const LEVELS = /** @type {const} */ ({ danger: 'levelDanger', warning: 'levelWarning', info: 'levelInfo' })

/**
 * @param {OpenContext} context
 * @returns {HTMLElement}
 */
export function createMetadata(context) {
  const { t, session } = context
  const { metadata, files } = session.checkpoint.facts
  const gravity = Object.keys(LEVELS)
  const notes = session.checkpoint.notes.toSorted((a, b) => gravity.indexOf(a.level) - gravity.indexOf(b.level))
  return h('div', { class: 'metadata', part: 'metadata' },
    h('section', {}, h('h2', {}, t('notes')), notes.length === 0 ? h('p', { class: 'soft' }, t('noNotes')) : h('ul', { class: 'notes' }, notes.map(note => createNote(context, note)))),
    h('section', {}, h('h2', {}, t('tabMetadata')), metadata.length === 0 ? h('p', { class: 'soft' }, t('noMetadata')) : createTable(context, metadata)),
    h('section', {}, h('h2', {}, t('files')), createFiles(context, files)))
}

/**
 * @param {OpenContext} context
 * @param {import('../types').Note} note
 */
function createNote({ t }, { level, message, where }) {
  return h('li', { class: `note ${level}`, 'data-level': level },
    h('span', { class: 'level' }, t(LEVELS[level])), h('span', {}, visible(message)), where && h('code', {}, visible(where)))
}

/**
 * @param {OpenContext} context
 * @param {import('../types').Entry[]} metadata
 */
function createTable(context, metadata) {
  const { t } = context
  return h('table', { class: 'facts-table' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('key')), h('th', { scope: 'col' }, t('value')))),
    h('tbody', {}, metadata.map(({ key, value }) => h('tr', {}, h('th', { scope: 'row' }, visible(key)), h('td', {}, createValue(context, textOf(value)))))))
}

/**
 * A text as it is; everything else as JSON.
 *
 * @param {unknown} value
 * @returns {string}
 */
function textOf(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? ''
}

/**
 * @param {OpenContext} context
 * @param {string} value
 */
function createValue({ t, numbers }, value) {
  if (value.length <= LONG_TEXT) return visibleLines(value)
  const text = h('span', {}, visibleLines(`${value.slice(0, LONG_TEXT)}…`))
  const all = h('button', { type: 'button', class: 'tool', onclick: () => { text.textContent = visibleLines(value); all.remove() } }, t('showAll', { count: numbers.exact(value.length) }))
  return h('div', {}, text, ' ', all)
}

/**
 * @param {OpenContext} context
 * @param {{ name: string, bytes: number }[]} files
 */
function createFiles({ numbers }, files) {
  return h('table', { class: 'facts-table' }, h('tbody', {}, files.map(({ name, bytes }) => h('tr', {}, h('th', { scope: 'row' }, visible(name)), h('td', {}, numbers.bytes(bytes))))))
}
