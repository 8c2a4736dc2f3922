// The page before anything is open.

import { h } from './dom.js'
import { icon, logo } from './icons.js'

/**
 * @param {import('./context.js').Context} context
 * @param {import('./header.js').Openers} openers
 * @returns {HTMLElement}
 */
export function createEmpty({ host, t, core }, openers) {
  const promises = /** @type {const} */ ([['lock', 'promiseLocal'], ['shield', 'promiseFollowed'], ['bolt', 'promiseLazy']])
  return h('main', { class: 'empty', part: 'empty' }, h('slot', { name: 'empty' },
    h('div', { class: 'drop', part: 'drop-target' },
      h('span', { class: 'mark' }, logo(44)),
      h('h1', {}, t('drop'), h('br'), h('span', {}, t('dropPrivate'))),
      h('p', { class: 'soft' }, t('dropHint')),
      !host.readonly && h('div', { class: 'buttons' },
        h('button', { type: 'button', class: 'button primary', 'data-action': 'files', onclick: openers.files }, t('chooseFiles')),
        h('button', { type: 'button', class: 'button', 'data-action': 'folder', onclick: openers.folder }, t('chooseFolder')),
        h('button', { type: 'button', class: 'button plain', 'data-action': 'example', onclick: openers.example }, t('tryExample')))),
    h('section', { class: 'formats', part: 'formats' }, h('h2', {}, t('formatsTitle')),
      h('ul', {}, core.formats().map(({ id, label, extensions }) => h('li', { 'data-format': id }, h('b', {}, label), h('span', {}, extensions.map(extension => `.${extension}`).join(' ')))))),
    h('ul', { class: 'promises' }, promises.map(([look, key]) => h('li', {}, icon(look), t(key))))))
}
