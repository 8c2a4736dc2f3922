// An error, said in a sentence above everything else until it is dismissed.

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
