// The view Where: which bytes of which file, in which order, what they are, and who else uses them.

import { h, visible } from './dom.js'
import { createHash } from './hash.js'
import { fromModel, layerOf } from './layers.js'
import { ROLES } from './roles.js'
import { called, createTrouble } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('./dom.js').Child} Child */

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 * @returns {HTMLElement}
 */
export function createWhere(context, tensor) {
  const { t, numbers } = context
  const { strides, device, role, alias, requiresGrad, file, record, storageOffset, storageBytes, layout, tied } = tensor
  const trouble = createTrouble(context, tensor)
  const inModel = layerOf(context, tensor.index)
  /** @type {[import('./texts.js').Key, Child | Child[]][]} */
  const facts = [
    ['layer', inModel && [inModel.layer.name, inModel.layer.class].filter(Boolean).map(text => visible(text ?? '')).join(', ')],
    ['layerOutput', inModel?.layer.output && visible(inModel.layer.output)],
    ['getWeights', inModel?.weight.index !== undefined && h('code', {}, fromModel(inModel.weight.index))],
    ['role', role && t(ROLES[role])],
    ['alias', alias && visible(alias)],
    [inModel ? 'trainable' : 'requiresGrad', requiresGrad !== undefined && t(requiresGrad ? 'yes' : 'no')],
    ['file', file && visible(file)],
    ['record', record && visible(record)],
    ['byteRange', trouble ? null : byteRange(context, tensor)],
    ['storage', storageBytes !== undefined && t('storageBytes', { bytes: numbers.exact(storageBytes) })],
    ['storageOffset', storageOffset !== undefined && t('elements', { count: numbers.exact(storageOffset) }, storageOffset)],
    ['strides', strides ? strides.map(stride => numbers.exact(stride)).join(', ') : !layout && !trouble && t('rowMajor')],
    ['layout', layout && visible(layout)],
    ['quantization', createQuantization(context, tensor)],
    ['members', createMembers(context, tensor)],
    ['sha256', !trouble && createHash(context, tensor)],
    ['device', device && visible(device)],
    ['sameElements', tied !== undefined && [createLink(context, tied), h('span', { class: 'soft' }, t('countedOnce'))]],
    ['sharesWith', createSharers(context, tensor)],
  ]
  return h('div', { class: 'where' },
    trouble,
    h('dl', {}, facts.map(([key, value]) => value ? h('div', { 'data-fact': key }, h('dt', {}, t(key)), h('dd', {}, value)) : null)))
}

/**
 * The first and the last byte that elements take: of a view that is from the first element to the farthest.
 *
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function byteRange({ t, numbers }, { offset, within, bytes, elements, shape, strides, layout }) {
  // Of chunks and parts the layout tells.
  if (offset === undefined) return layout ? null : t('byteRangeUnknown')
  if (elements === 0) return null
  const reach = strides ? strides.reduce((sum, stride, axis) => sum + stride * (shape[axis] - 1), 1) : elements
  return t(within ? 'byteRangeWithin' : 'byteRangeValue', { start: numbers.exact(offset), end: numbers.exact(offset + Math.ceil(reach * bytes / elements) - 1) })
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function createQuantization({ t, numbers }, { quantization }) {
  if (!quantization) return null
  const { scheme, scale, zeroPoint, axis } = quantization
  return [
    visible(scheme),
    scale !== undefined && t('quantScale', { scale: numbers.significant(Number(scale), 6) }),
    zeroPoint !== undefined && t('quantZeroPoint', { zeroPoint: numbers.significant(zeroPoint, 6) }),
    axis !== undefined && t('quantAxis', { axis }),
  ].filter(Boolean).join(', ')
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function createMembers({ numbers }, { members }) {
  if (!members?.length) return null
  return h('table', { class: 'members' }, h('tbody', {}, members.map(({ name, dtype, shape, file }) => h('tr', {},
    h('th', { scope: 'row' }, visible(name)), h('td', {}, visible(dtype)), h('td', {}, numbers.shape(shape)), file && h('td', {}, visible(file))))))
}

/**
 * @param {OpenContext} context
 * @param {TensorInfo} tensor
 */
function createSharers(context, { index, shares, absent, problem }) {
  const others = (shares ?? []).filter(other => other !== index)
  if (others.length === 0) return absent || problem ? null : context.t('sharesNone')
  return others.map(other => createLink(context, other))
}

/**
 * @param {OpenContext} context
 * @param {number} tensor
 */
function createLink({ t, session }, tensor) {
  return h('button', { type: 'button', class: 'link', onclick: () => session.select(tensor) }, called(t, session.checkpoint.tensors[tensor]))
}
