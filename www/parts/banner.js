// What is said above everything else: an error, until it is dismissed; what a file would do.

import { h, visible } from './dom.js'
import { icon } from './icons.js'

/**
 * @param {import('./context.js').Context} context
 * @param {Error & { file?: string, offset?: number }} error
 * @param {string | null} remark
 * @param {() => void} onDismiss
 * @returns {HTMLElement}
 */
export function createBanner({ t, numbers }, error, remark, onDismiss) {
  const { file, offset } = error
  const place = offset === undefined ? file && visible(file) : file ? t('errorAt', { file: visible(file), offset: numbers.exact(offset) }) : t('errorOffset', { offset: numbers.exact(offset) })
  return h('div', { class: 'banner', part: 'error', role: 'alert' }, icon('warning'),
    h('div', {}, h('p', {}, visible(error.message)), (place || remark) && h('p', { class: 'place' }, place && h('code', {}, place), remark)),
    h('button', { type: 'button', class: 'icon-button', 'data-action': 'dismiss', 'aria-label': t('dismiss'), title: t('dismiss'), onclick: onDismiss }, icon('close')))
}

/**
 * That what is open names what can run code; null if it does not.
 *
 * @param {import('./context.js').OpenContext} context
 * @param {() => void} onLook
 */
export function createDanger({ t, session }, onLook) {
  if (!session.checkpoint.notes.some(({ level }) => level === 'danger')) return null
  return h('div', { class: 'banner', part: 'danger', role: 'note' }, icon('warning'),
    h('div', {}, h('p', {}, t('danger'))), h('button', { type: 'button', class: 'tool', 'data-action': 'pickles', onclick: onLook }, t('dangerLook')))
}
