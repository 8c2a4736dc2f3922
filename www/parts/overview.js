// The tab Overview: where the parameters are, of which types and roles, and what an analysis found in all of them.

import { isAbort } from '../errors.js'
import { createDataTable } from './data-table.js'
import { debounced, h, visible } from './dom.js'
import { Picture, createExports, painting } from './picture.js'
import { ROLES } from './roles.js'
import { createGrid } from './stats.js'
import { called } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').TensorInfo} TensorInfo */
/** @typedef {import('../wasm/core').Table} Table */
/**
 * A rectangle: a module, a tensor, or the small ones of a module together. `filter` finds what it stands for.
 *
 * @typedef {{ label: string, title: string, size: number, parent?: number, filter: string, tensor?: number }} Rectangle
 */

/** Modules are divided so often, unless they have less than this share of all. */
const LEVELS = 4
const LEAST_SHARE = 1 / 400
const LARGEST = 10
const RESULTS_MS = 150

/**
 * @param {OpenContext} context
 * @returns {HTMLElement}
 */
export function createOverview(context) {
  const { t, session, signal } = context
  const figure = h('div', { class: 'figure-body' })
  const largest = h('ol', { class: 'largest' })
  /** @type {Picture | undefined} */
  let picture
  const exports = createExports(context, session.checkpoint.facts.files[0]?.name ?? '', () => picture)

  async function draw() {
    const { checkpoint } = session
    const [tree, list, painter] = await Promise.all([
      checkpoint.table({ query: '', sort: 'file', descending: false, grouped: true }, { signal }),
      checkpoint.table({ query: '', sort: 'bytes', descending: true, grouped: false }, { signal }),
      painting(context),
    ])
    if (signal.aborted) return
    fillLargest(context, largest, list)
    const rectangles = divide(context, tree)
    if (rectangles.length === 0) return figure.replaceChildren(h('p', { class: 'message', role: 'status' }, t('noTensors')))
    const subject = modules(context, rectangles)
    picture = new Picture(context, painter, subject)
    exports.hidden = false
    const total = sum(rectangles)
    const table = createDataTable(context, t('moduleTable'), [t('module'), t('count'), t('share')], rectangles.length, place => {
      const { title, size } = rectangles[place]
      return [title, context.numbers.exact(size), context.numbers.percent(size / total)]
    })
    figure.replaceChildren(picture.element, h('p', { class: 'plot-summary', part: 'plot-summary' }, subject.summary), table)
  }

  draw().catch(error => {
    if (!isAbort(error)) figure.replaceChildren(h('p', { class: 'message warn', role: 'alert' }, visible(error.message)))
  })
  return h('div', { class: 'overview', part: 'overview' },
    h('figure', { part: 'figure' }, h('figcaption', {}, h('b', {}, t('parametersByModule')), exports), figure),
    h('div', { class: 'side' }, createTypes(context), createRoles(context), createTotals(context), h('section', {}, h('h2', {}, t('largestTensors')), largest)))
}

/** Of the rectangles that hold the others. @param {Rectangle[]} rectangles */
const sum = rectangles => rectangles.reduce((sum, { size, parent }) => parent === undefined ? sum + size : sum, 0)

/**
 * The module tree a few levels deep, the largest first: parents before what is in them. Elements that several tensors show are
 * counted once; what is known to be no parameter is left out, unless there is nothing else.
 *
 * @param {OpenContext} context
 * @param {Table} table
 * @returns {Rectangle[]}
 */
function divide({ t, numbers, session }, { rows, spans }) {
  const { tensors, groups } = session.checkpoint
  const mayBe = (/** @type {TensorInfo} */ { role }) => role === undefined || role === 'parameter'
  const elements = (/** @type {(tensor: TensorInfo) => boolean} */ counts) => {
    const before = new Float64Array(rows.length + 1)
    rows.forEach((row, place) => {
      const tensor = row < 0 ? undefined : tensors[row]
      before[place + 1] = before[place] + (tensor && tensor.tied === undefined && counts(tensor) ? tensor.elements : 0)
    })
    return before
  }
  let before = elements(mayBe)
  if (before[rows.length] === 0) before = elements(() => true)
  const size = (/** @type {number} */ place) => before[place + 1 + spans[place]] - before[place]
  const least = before[rows.length] * LEAST_SHARE
  /** @type {Rectangle[]} */
  const rectangles = []

  /** @param {number} first @param {number} end @param {number} level @param {number} [parent] */
  function fill(first, end, level, parent) {
    const places = []
    for (let place = first; place < end; place += 1 + spans[place]) if (size(place) > 0) places.push(place)
    places.sort((a, b) => size(b) - size(a))
    const small = places.filter(place => size(place) < least)
    const merged = small.length > 1
    // What would be one rectangle inside of another tells nothing.
    if (merged && small.length === places.length && parent !== undefined) return
    const around = parent === undefined ? '' : rectangles[parent].filter
    for (const place of merged ? places.filter(place => size(place) >= least) : places) {
      const row = rows[place]
      const at = rectangles.length
      if (row >= 0) {
        rectangles.push({ label: visible(tensors[row].label), title: called(t, tensors[row]), size: size(place), parent, filter: around, tensor: row })
      } else {
        const { path, label } = groups[~row]
        const inside = rows.subarray(place).find(row => row >= 0) ?? 0
        rectangles.push({ label: visible(label), title: visible(path), size: size(place), parent, filter: globOf(path, tensors[inside].name[path.length]) })
        if (level < LEVELS) fill(place + 1, place + 1 + spans[place], level + 1, at)
      }
    }
    if (!merged) return
    const title = t('otherModules', { count: numbers.exact(small.length) }, small.length)
    rectangles.push({ label: title, title: parent === undefined ? title : `${rectangles[parent].title}: ${title}`, size: small.reduce((sum, place) => sum + size(place), 0), parent, filter: around })
  }

  fill(0, rows.length, 1)
  return rectangles
}

/**
 * The filter that finds a module. What has a meaning in filters stands for any character.
 *
 * @param {string} path
 * @param {string} separator
 */
const globOf = (path, separator) => `${path.replace(/^[-/]|[\s"*?:=<>]/gu, '?')}${separator}*`

/**
 * The rectangles as a picture, in words and by the mouse.
 *
 * @param {OpenContext} context
 * @param {Rectangle[]} rectangles
 * @returns {import('./picture.js').Subject}
 */
function modules({ host, t, numbers, session, settings }, rectangles) {
  const total = sum(rectangles)
  const top = rectangles.filter(({ parent }) => parent === undefined)
  const share = (/** @type {number} */ size) => numbers.percent(size / total)
  const siblings = (/** @type {number} */ place) => rectangles.flatMap(({ parent }, other) => parent === rectangles[place].parent ? [other] : [])
  const beside = (/** @type {number} */ place, /** @type {number} */ step) => {
    const all = siblings(place)
    return all[Math.max(0, Math.min(all.length - 1, all.indexOf(place) + step))]
  }
  const inside = (/** @type {number} */ place) => {
    const first = rectangles.findIndex(({ parent }) => parent === place)
    return first < 0 ? place : first
  }
  return {
    words: { title: visible(session.checkpoint.facts.files[0]?.name ?? '') },
    summary: t('treemapSummary', { total: numbers.short(total, true), count: numbers.exact(top.length), largest: top[0].title, percent: share(top[0].size) }, top.length),
    hint: t('chooseModule'),
    count: rectangles.length,
    marked: true,
    chart: frame => ({ kind: 'treemap', frame, nodes: rectangles.map(({ label, size, parent }) => ({ label, size, parent })) }),
    tell: place => [rectangles[place].title, t('moduleShare', { count: numbers.exact(rectangles[place].size), percent: share(rectangles[place].size) }, rectangles[place].size)],
    // The innermost stand last.
    at: (x, y, { parts }) => {
      const place = parts.findLastIndex(({ left, right, top, bottom }) => x >= left && x < right && y >= top && y < bottom)
      return place < 0 ? undefined : place
    },
    place: (place, { parts }) => parts[place],
    keys: place => place === undefined
      ? { ArrowRight: 0, ArrowDown: 0, ArrowLeft: 0, ArrowUp: 0, Home: 0 }
      : {
          ArrowRight: beside(place, 1), ArrowLeft: beside(place, -1), ArrowDown: inside(place), ArrowUp: rectangles[place].parent ?? place,
          Home: siblings(place)[0], End: siblings(place).at(-1), Escape: undefined,
        },
    enter: place => {
      const { filter, tensor } = rectangles[place]
      host.filter = filter
      if (tensor !== undefined) session.select(tensor)
      session.show('parameters')
      settings.dispatchEvent(new Event('focus'))
    },
  }
}

/** @param {OpenContext} context */
function createTypes({ t, numbers, session }) {
  const dtypes = session.checkpoint.facts.dtypes.toSorted((a, b) => b.bytes - a.bytes)
  return createShares('dtypes', t('bytesByType'), dtypes.map(({ dtype, bytes, share }) => ({ name: visible(dtype), value: numbers.bytes(bytes), share, percent: numbers.percent(share) })))
}

/** @param {OpenContext} context */
function createRoles({ t, numbers, session }) {
  const { parameters, beside } = session.checkpoint.facts
  const roles = [{ role: 'parameter', elements: parameters }, ...beside].filter(({ elements }) => elements > 0)
  const total = roles.reduce((sum, { elements }) => sum + elements, 0)
  return createShares('roles', t('elementsByRole'), roles.map(({ role, elements }) => (
    { name: t(ROLES[/** @type {keyof typeof ROLES} */ (role)]), value: numbers.short(elements, true), share: elements / total, percent: numbers.percent(elements / total) })))
}

/**
 * @param {string} id
 * @param {string} title
 * @param {{ name: string, value: string, share: number, percent: string }[]} shares
 */
function createShares(id, title, shares) {
  if (shares.length === 0) return null
  return h('section', { 'data-shares': id }, h('h2', {}, title), h('ul', { class: 'shares' }, shares.map(({ name, value, share, percent }) => {
    const bar = h('i')
    bar.style.width = `${share * 100}%`
    return h('li', {}, h('span', { class: 'of' }, name), h('span', { class: 'bar', 'aria-hidden': 'true' }, bar), h('span', { class: 'value' }, value), h('span', { class: 'percent' }, percent))
  })))
}

/**
 * What was found in all that is analysed; what several tensors show counts once.
 *
 * @param {OpenContext} context
 */
function createTotals({ t, numbers, session, signal }) {
  const body = h('div')
  function fill() {
    const { tensors } = session.checkpoint
    const found = [...session.results].filter(([index, { summary }]) => summary && tensors[index].tied === undefined).map(([, { summary }]) => /** @type {import('../types').Summary} */ (summary))
    if (found.length === 0) return body.replaceChildren(h('p', { class: 'soft' }, t('analysisIdle')))
    const total = (/** @type {(summary: import('../types').Summary) => number} */ of) => found.reduce((sum, summary) => sum + of(summary), 0)
    const values = total(({ count }) => count)
    const [zeros, nan, infinite] = [total(({ zeros }) => zeros), total(({ nan }) => nan), total(({ posInf, negInf }) => posInf + negInf)]
    body.replaceChildren(
      createGrid([
        { id: 'total-values', label: t('values'), value: numbers.exact(values) },
        { id: 'total-zeros', label: t('zeros'), value: numbers.exact(zeros), hint: numbers.percent(zeros / (values || 1)) },
        { id: 'total-nan', label: t('nan'), value: numbers.exact(nan), bad: nan > 0 },
        { id: 'total-inf', label: t('infinities'), value: numbers.exact(infinite), bad: infinite > 0 },
      ]),
      h('p', { class: 'soft' }, t('analysed', { count: numbers.exact(session.results.size), total: numbers.exact(tensors.length) }, session.results.size)))
  }
  session.addEventListener('results', debounced(() => { if (!signal.aborted) fill() }, RESULTS_MS), { signal })
  fill()
  return h('section', { 'data-totals': '' }, h('h2', {}, t('valuesFound')), body)
}

/**
 * @param {OpenContext} context
 * @param {HTMLElement} list
 * @param {Table} table  of tensors, the largest first
 */
function fillLargest({ host, t, numbers, session, settings }, list, { rows }) {
  const { tensors } = session.checkpoint
  const largest = []
  for (const row of rows) {
    if (largest.length === LARGEST) break
    if (tensors[row].tied === undefined) largest.push(tensors[row])
  }
  list.replaceChildren(...largest.map(tensor => h('li', {},
    h('button', { type: 'button', class: 'link', 'data-tensor': tensor.index, onclick: () => {
      host.filter = ''
      session.select(tensor.index)
      session.show('parameters')
      settings.dispatchEvent(new Event('focus'))
    } }, called(t, tensor)),
    h('span', { class: 'soft' }, numbers.shape(tensor.shape)), h('span', { class: 'value' }, numbers.bytes(tensor.bytes)))))
}
