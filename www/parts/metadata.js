// The tab Metadata: notes by severity, the files, and what the checkpoint says about itself.

import { h, visible } from './dom.js'
import { createTree } from './tree.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

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
    h('section', {}, h('h2', {}, t('tabMetadata')), metadata.length === 0 ? h('p', { class: 'soft' }, t('noMetadata')) : createTree(context, metadata)),
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
 * @param {{ name: string, bytes: number }[]} files
 */
function createFiles({ numbers }, files) {
  return h('table', { class: 'facts-table' }, h('tbody', {}, files.map(({ name, bytes }) => h('tr', {}, h('th', { scope: 'row' }, visible(name)), h('td', {}, numbers.bytes(bytes))))))
}
