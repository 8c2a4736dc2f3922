// The sections of an open checkpoint: one record each.

import { h } from './dom.js'
import { createHealth, healthBadge } from './health.js'
import { later } from './later.js'
import { createLayers, hasLayers } from './layers.js'
import { createParameters } from './parameters.js'
import { createPickles, hasPickles, picklesBadge } from './pickles.js'

/**
 * @typedef {object} Section
 * @property {string} id
 * @property {import('./texts.js').Key} title
 * @property {(context: import('./context.js').OpenContext, go: (index: number) => void) => HTMLElement} create  `go` shows a tensor in the table
 * @property {(context: import('./context.js').OpenContext) => HTMLElement | null} [badge]
 * @property {(context: import('./context.js').OpenContext) => boolean} [has]  whether the checkpoint has what it shows
 */

/** In the order of the tabs. @type {Section[]} */
export const SECTIONS = [
  { id: 'parameters', title: 'tabParameters', create: createParameters },
  { id: 'overview', title: 'tabOverview', create: later(async () => (await import('./overview.js')).createOverview), has: ({ session }) => session.checkpoint.tensors.length > 0 },
  { id: 'layers', title: 'tabLayers', create: createLayers, has: hasLayers },
  { id: 'health', title: 'tabHealth', create: createHealth, badge: healthBadge },
  { id: 'metadata', title: 'tabMetadata', create: later(async () => (await import('./metadata.js')).createMetadata), badge: notesBadge },
  { id: 'pickles', title: 'tabPickle', create: createPickles, badge: picklesBadge, has: hasPickles },
]

/** @param {import('./context.js').OpenContext} context */
function notesBadge({ t, session }) {
  const { notes } = session.checkpoint
  if (notes.length === 0) return null
  const level = notes.some(note => note.level === 'danger') ? 'danger' : notes.some(note => note.level === 'warning') ? 'warning' : 'info'
  return h('span', { class: `n ${level}`, part: 'notes-badge', 'aria-label': t('notesCount', { count: notes.length }, notes.length) }, String(notes.length))
}
