// The view Where: which bytes of which file, in which order, and who else uses them.

import { h, visible } from './dom.js'

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createWhere(context, tensor) {
  const { t, numbers } = context
  const { file, offset, bytes, strides, device, role, absent } = tensor
  const range = offset === undefined ? t('byteRangeUnknown') : t('byteRangeValue', { start: numbers.exact(offset), end: numbers.exact(offset + bytes) })
  /** @type {[import('./texts.js').Key, import('./dom.js').Child | import('./dom.js').Child[]][]} */
  const facts = [
    ['file', file && visible(file)],
    ['byteRange', absent ? null : range],
    ['strides', strides ? strides.map(stride => numbers.exact(stride)).join(', ') : t('rowMajor')],
    ['device', device && visible(device)],
    ['role', role && visible(role)],
    ['sharesWith', sharers(context, tensor)],
  ]
  return h('div', { class: 'where' },
    absent && h('p', { class: 'message warn' }, t('absent', { file: visible(absent) })),
    h('dl', {}, facts.map(([key, value]) => value ? h('div', {}, h('dt', {}, t(key)), h('dd', {}, value)) : null)))
}

/**
 * @param {import('./context.js').OpenContext} context
 * @param {import('../types').TensorInfo} tensor
 */
function sharers({ t, session }, { index, shares }) {
  const others = (shares ?? []).filter(other => other !== index)
  if (others.length === 0) return t('sharesNone')
  return others.map(other => h('button', { type: 'button', class: 'link', onclick: () => session.select(other) }, visible(session.checkpoint.tensors[other].name)))
}
