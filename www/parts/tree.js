// The metadata as the tree that its paths describe. A group's rows are made when it is opened.

import { debounced, h, visible, visibleLines } from './dom.js'
import { icon } from './icons.js'
import { createMore } from './more.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').Entry} Entry */
/**
 * A container, or what it holds.
 *
 * @typedef {object} Branch
 * @property {string | number} key
 * @property {Branch | null} parent
 * @property {Entry} [entry]
 * @property {Branch[]} children
 * @property {Map<string | number, Branch>} byKey
 */
/** Which of a branch's children are shown. @typedef {(branch: Branch) => Branch[]} Shown */

/** Longer values (chat templates, vocabularies) are cut until asked for. */
const LONG_TEXT = 600
/** Groups are open to begin with while there is room for so many rows. */
const OPEN_ROWS = 120
/** From here on there is a box to filter by. */
const MANY_ENTRIES = 12
const TYPING_MS = 90
const NUMBER_TYPES = new Set(['int', 'float', 'bool'])

/**
 * @param {OpenContext} context
 * @param {Entry[]} entries
 * @returns {HTMLElement}
 */
export function createTree(context, entries) {
  const { t } = context
  const root = grow(entries)
  const holder = h('div', { class: 'tree', part: 'metadata-tree' })
  const show = (/** @type {Set<Branch> | null} */ found) => {
    // A group that is found by itself shows all that it holds.
    const shown = (/** @type {Branch} */ { children }) => {
      const some = found ? children.filter(child => found.has(child)) : children
      return some.length > 0 ? some : children
    }
    holder.replaceChildren(found?.size === 0 ? h('p', { class: 'hint' }, t('nothingFound')) : createList(context, root, shown, openAtFirst(root, shown), 0))
  }
  show(null)
  const input = h('input', {
    type: 'text', part: 'metadata-filter', 'aria-label': t('filterMetadata'), placeholder: t('filterMetadata'), spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
    oninput: debounced(() => show(find(root, entries, input.value.trim().toLowerCase())), TYPING_MS),
  })
  return h('div', {}, entries.length >= MANY_ENTRIES && h('label', { class: 'box' }, icon('search'), input), holder)
}

/**
 * @param {Entry[]} entries
 * @returns {Branch}
 */
function grow(entries) {
  const root = /** @type {Branch} */ ({ key: '', parent: null, children: [], byKey: new Map() })
  for (const entry of entries) {
    let at = root
    for (const key of entry.path) at = at.byKey.get(key) ?? sprout(at, key)
    // What says the same path twice is shown twice.
    if (at.entry) at = sprout(at.parent ?? root, at.key)
    at.entry = entry
  }
  return root
}

/**
 * @param {Branch} parent
 * @param {string | number} key
 * @returns {Branch}
 */
function sprout(parent, key) {
  /** @type {Branch} */
  const branch = { key, parent, children: [], byKey: new Map() }
  parent.children.push(branch)
  parent.byKey.set(key, branch)
  return branch
}

/**
 * The branches in whose paths or values a text stands, with those around them.
 *
 * @param {Branch} root
 * @param {Entry[]} entries
 * @param {string} text
 * @returns {Set<Branch> | null} null for all
 */
function find(root, entries, text) {
  if (text === '') return null
  const matching = new Set(entries.filter(({ path, value }) => `${path.join('.')}\n${value}`.toLowerCase().includes(text)))
  /** @type {Set<Branch>} */
  const found = new Set()
  const branches = [root]
  for (const branch of branches) {
    for (const child of branch.children) branches.push(child)
    if (!branch.entry || !matching.has(branch.entry)) continue
    for (let at = /** @type {Branch | null} */ (branch); at && !found.has(at); at = at.parent) found.add(at)
  }
  return found
}

/**
 * The groups to begin with open: level by level, those for whose rows there is room.
 *
 * @param {Branch} root
 * @param {Shown} shown
 */
function openAtFirst(root, shown) {
  const open = new Set([root])
  let room = OPEN_ROWS - shown(root).length
  for (const group of open) {
    for (const child of shown(group)) {
      const rows = shown(child).length
      if (rows === 0 || rows > room || isNumbers(child)) continue
      room -= rows
      open.add(child)
    }
  }
  return open
}

/** Whether it is a list of numbers, which one row can show. @param {Branch} branch */
function isNumbers({ children }) {
  return children.length > 0 && children.every(({ key, entry, children }, index) => key === index && children.length === 0 && entry && NUMBER_TYPES.has(entry.type))
}

/**
 * @param {OpenContext} context
 * @param {Branch} group
 * @param {Shown} shown
 * @param {Set<Branch>} open
 * @param {number} depth
 * @returns {HTMLElement}
 */
function createList(context, group, shown, open, depth) {
  const list = h('ul')
  list.style.setProperty('--depth', String(depth))
  if (depth === 0 && group.entry) list.append(h('li', {}, createLeaf(context, context.t('topLevel'), group.entry)))
  const more = createMore(context, shown(group), child => list.append(h('li', {}, createBranch(context, child, shown, open, depth))))
  if (more) list.append(h('li', {}, more))
  return list
}

/**
 * @param {OpenContext} context
 * @param {Branch} branch
 * @param {Shown} shown
 * @param {Set<Branch>} open
 * @param {number} depth
 */
function createBranch(context, branch, shown, open, depth) {
  let inner = branch
  let name = keyText(branch)
  // Containers that hold nothing but another share a row with it.
  for (let only = shown(inner); !inner.entry && only.length === 1 && only[0].children.length > 0; only = shown(inner)) {
    inner = only[0]
    name += ` › ${keyText(inner)}`
  }
  if (isNumbers(inner)) return createLeaf(context, name, listed(context, inner))
  if (inner.entry && inner.children.length === 0) return createLeaf(context, name, inner.entry)
  const { t, numbers } = context
  const count = shown(inner).length
  const value = h('span', { class: 'value soft' }, t('entries', { count: numbers.exact(count) }, count))
  const group = h('details', { open: open.has(inner), ontoggle: fill }, h('summary', { class: 'leaf' }, createKey(name, true), value, createType(inner.entry?.type)))
  let filled = false
  function fill() {
    if (filled || !group.open) return
    filled = true
    group.append(createList(context, inner, shown, open, depth + 1))
  }
  fill()
  return group
}

/**
 * @param {OpenContext} context
 * @param {string} name
 * @param {{ type: string, value: string }} entry
 */
function createLeaf(context, name, { type, value }) {
  return h('div', { class: 'leaf' }, createKey(name, false), h('span', { class: 'value' }, createValue(context, value)), createType(type))
}

/**
 * A list of numbers in one row.
 *
 * @param {OpenContext} context
 * @param {Branch} branch
 */
function listed({ numbers }, { entry, children }) {
  const entries = children.flatMap(({ entry }) => entry ?? [])
  const type = entry?.type ?? [...new Set(entries.map(({ type }) => type))].join(' · ')
  return { type: `${type} × ${numbers.exact(entries.length)}`, value: `[${entries.map(({ value }) => value).join(', ')}]` }
}

/** @param {Branch} branch */
function keyText({ key }) {
  return key === '' ? '""' : visible(String(key))
}

/**
 * @param {string} name
 * @param {boolean} group
 */
function createKey(name, group) {
  return h('span', { class: 'key' }, h('span', { class: 'twist', 'aria-hidden': 'true' }, group && icon('twist')), h('span', {}, name))
}

/** @param {string} [type] */
function createType(type) {
  return h('span', { class: 'type' }, visible(type ?? ''))
}

/**
 * @param {OpenContext} context
 * @param {string} value
 */
function createValue({ t, numbers }, value) {
  if (value.length <= LONG_TEXT) return visibleLines(value)
  const text = h('span', {}, visibleLines(`${value.slice(0, LONG_TEXT)}…`))
  const all = h('button', { type: 'button', class: 'tool', onclick: () => { text.textContent = visibleLines(value); all.remove() } }, t('showAll', { count: numbers.exact(value.length) }))
  return h('span', {}, text, ' ', all)
}
