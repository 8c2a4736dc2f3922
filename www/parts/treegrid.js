// The parameter table: an ARIA treegrid whose rows exist only where they are seen. The focus stays on the grid; the active
// row is told by aria-activedescendant, so it may scroll out of existence.

import { fittingColumns } from './columns.js'
import { h, visible } from './dom.js'
import { icon } from './icons.js'
import { groupOf, openDepth, parentOf, visibleRows } from './rows.js'
import { called, known } from './tensor.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../wasm/core').Table} Table */
/** @typedef {import('./columns.js').Column} Column */

/** What every key of a TensorFlow checkpoint ends with. */
const SAME_IN_ALL = '/.ATTRIBUTES/VARIABLE_VALUE'
const ROW_HEIGHT = 27
/** Rows drawn beyond both edges of the window. */
const SPARE_ROWS = 8

export class TreeGrid {
  #context
  #onSort
  /** @type {Table} */
  #table = { rows: new Int32Array(), depths: new Uint8Array(), spans: new Uint32Array(), matches: 0, parameters: 0, largest: 0 }
  #query = ''
  #openDepth = 0
  /** Groups folded while a filter shows everything open; forgotten with the filter. @type {Map<number, boolean>} */
  #filterFolds = new Map()
  /** @type {number[]} */
  #visible = []
  #active = 0
  /** Whether the tensors' roles differ. */
  #roles
  /** @type {Column[]} */
  #columns = []
  /** By their place, with the result that they show. @type {Map<number, { element: HTMLElement, result: unknown }>} */
  #drawn = new Map()
  #head = h('div', { class: 'row head', role: 'row', 'aria-rowindex': 1 })
  #body = h('div', { class: 'rows', role: 'rowgroup', part: 'rows' })
  #empty = h('p', { class: 'hint', hidden: true })

  /**
   * @param {OpenContext} context
   * @param {() => void} onSort  called when another order is wanted
   */
  constructor(context, onSort) {
    this.#context = context
    this.#onSort = onSort
    const { t, session, signal } = context
    this.#roles = session.checkpoint.facts.roles > 1
    this.element = h('div', {
      class: 'grid', part: 'table', role: 'treegrid', tabindex: 0, 'aria-label': t('table'),
      onscroll: () => this.#draw(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event), onclick: (/** @type {MouseEvent} */ event) => this.#click(event),
    }, h('div', { role: 'rowgroup', class: 'head-group' }, this.#head), this.#body, this.#empty)
    const resized = new ResizeObserver(() => this.#layout())
    resized.observe(this.element)
    signal.addEventListener('abort', () => resized.disconnect())
    let awaited = false
    session.addEventListener('results', () => {
      if (awaited) return
      awaited = true
      requestAnimationFrame(() => { awaited = false; this.#layout() })
    }, { signal })
    session.addEventListener('select', () => this.#reveal(session.selected), { signal })
  }

  /**
   * Shows other rows.
   *
   * @param {Table} table
   * @param {string} query  that the rows were found by
   */
  show(table, query) {
    const other = query !== this.#query
    const first = this.#table.rows.length === 0
    if (other) this.#filterFolds.clear()
    this.#table = table
    this.#query = query
    this.#openDepth = openDepth(table)
    this.#fold()
    const { t, session } = this.#context
    this.#empty.hidden = table.rows.length > 0
    this.#empty.textContent = session.checkpoint.tensors.length === 0 ? t('noTensors') : t('noMatches')
    this.#layout(true)
    if (first && session.selected >= 0) this.#reveal(session.selected)
    else if (other) this.#activate(0)
  }

  focus() {
    this.element.focus({ preventScroll: true })
  }

  get #folds() {
    return this.#query.trim() === '' ? this.#context.session.folds : this.#filterFolds
  }

  /**
   * @param {number} group
   * @param {number} depth
   */
  #isOpen(group, depth) {
    return this.#folds.get(group) ?? (this.#query.trim() !== '' || depth < this.#openDepth)
  }

  #fold() {
    this.#visible = visibleRows(this.#table, (group, depth) => this.#isOpen(group, depth))
    this.#active = Math.max(0, Math.min(this.#active, this.#visible.length - 1))
    this.#body.style.height = `${this.#visible.length * ROW_HEIGHT}px`
    this.element.setAttribute('aria-rowcount', String(this.#visible.length + 1))
  }

  /**
   * Chooses the columns for the width there is.
   *
   * @param {boolean} [redraw]  also if they stay the same
   */
  #layout(redraw = false) {
    const { checkpoint, results } = this.#context.session
    const typeLetters = checkpoint.facts.dtypes.reduce((most, { dtype }) => Math.max(most, dtype.length), 0)
    const columns = fittingColumns(this.element.clientWidth, { analysed: results.size > 0, roles: this.#roles }, typeLetters)
    const same = columns.map(({ id }) => id).join() === this.#columns.map(({ id }) => id).join()
    if (!same) {
      this.#columns = columns
      this.element.style.setProperty('--columns', `minmax(0, 1fr) ${columns.map(({ width }) => `${width}px`).join(' ')}`)
      this.element.setAttribute('aria-colcount', String(columns.length + 1))
    }
    if (same && !redraw) return this.#draw()
    this.#drawHead()
    this.#redraw()
  }

  #drawHead() {
    const { t } = this.#context
    // Keep the focus on the button that was pressed.
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode())
    const focused = /** @type {HTMLElement | null} */ (root.activeElement)?.dataset?.sort
    const heads = [{ id: 'name', label: /** @type {const} */ ('name'), sort: /** @type {const} */ ('name'), end: false }, ...this.#columns]
    this.#head.replaceChildren(...heads.map(({ id, label, sort, end }) => {
      const content = sort ? this.#sortButton(sort, t(label)) : t(label)
      return h('div', { role: 'columnheader', 'data-column': id, class: end && 'end', 'aria-sort': sort && this.#sortedBy(sort) }, content)
    }))
    if (focused) /** @type {HTMLElement | null} */ (this.#head.querySelector(`[data-sort="${focused}"]`))?.focus()
  }

  /** @param {string} sort */
  #sortedBy(sort) {
    const { session } = this.#context
    if (session.sort !== sort) return 'none'
    return session.descending ? 'descending' : 'ascending'
  }

  /**
   * @param {import('../wasm/core').SortKey} sort
   * @param {string} label
   */
  #sortButton(sort, label) {
    return h('button', { type: 'button', class: 'sort', 'data-sort': sort, onclick: () => this.#sortBy(sort) }, label, h('span', { class: 'arrow', 'aria-hidden': 'true' }))
  }

  /** One press, the natural direction; the second, the other; the third, the file's order. @param {import('../wasm/core').SortKey} sort */
  #sortBy(sort) {
    const { session } = this.#context
    const largestFirst = sort === 'parameters' || sort === 'bytes'
    if (session.sort !== sort) {
      session.sort = sort
      session.descending = largestFirst
    } else if (session.descending === largestFirst) {
      session.descending = !largestFirst
    } else {
      session.sort = 'file'
      session.descending = false
    }
    this.#active = 0
    this.element.scrollTop = 0
    this.#onSort()
  }

  #redraw() {
    this.#drawn.clear()
    this.#body.replaceChildren()
    this.#draw()
  }

  /** Makes the rows that came into the window or have a new result, and drops those that left it. */
  #draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - SPARE_ROWS)
    const last = Math.min(this.#visible.length, Math.ceil((this.element.scrollTop + this.element.clientHeight) / ROW_HEIGHT) + SPARE_ROWS)
    const { results } = this.#context.session
    for (const [at, { element, result }] of this.#drawn) {
      if (at >= first && at < last && result === results.get(this.#table.rows[this.#visible[at]])) continue
      element.remove()
      this.#drawn.delete(at)
    }
    for (let at = first; at < last; at++) {
      if (this.#drawn.has(at)) continue
      const element = this.#row(at)
      this.#drawn.set(at, { element, result: results.get(this.#table.rows[this.#visible[at]]) })
      this.#body.append(element)
    }
    if (this.#drawn.has(this.#active)) this.element.setAttribute('aria-activedescendant', `row-${this.#active}`)
    else this.element.removeAttribute('aria-activedescendant')
  }

  /** @param {number} at */
  #row(at) {
    const { t, session, numbers } = this.#context
    const position = this.#visible[at]
    const row = this.#table.rows[position]
    const depth = this.#table.depths[position]
    const tensor = row >= 0 ? session.checkpoint.tensors[row] : undefined
    const group = row < 0 ? session.checkpoint.groups[groupOf(row)] : undefined
    const open = row < 0 ? this.#isOpen(groupOf(row), depth) : undefined
    const { bytes } = tensor ?? /** @type {import('../wasm/core').Group} */ (group)
    const cells = { tensor, group, result: session.results.get(row), share: bytes / (session.checkpoint.facts.bytes || 1), bar: bytes / (this.#table.largest || 1) }
    const name = h('div', { role: 'gridcell', class: 'name', title: tensor ? `${called(t, tensor)}  ${tensor.alias ? `${visible(tensor.alias)}  ` : ''}${numbers.shape(known(tensor).shape ?? [])}` : visible(group?.path ?? '') },
      h('span', { class: 'twist', 'aria-hidden': 'true' }, group && icon('twist')), h('span', { class: 'text' }, this.#named(tensor, group)), tensor?.alias && h('span', { class: 'alias' }, this.#marked(tensor.alias, tensor.alias)), this.#tied(tensor))
    name.style.setProperty('--depth', String(depth))
    const element = h('div', {
      id: `row-${at}`, role: 'row', class: `row${group ? ' group' : ''}${tensor?.absent ? ' absent' : ''}${at === this.#active ? ' active' : ''}`,
      'data-at': at, 'data-name': tensor?.name ?? group?.path, 'aria-rowindex': at + 2, 'aria-level': depth + 1, 'aria-expanded': open === undefined ? null : String(open),
      'aria-selected': row >= 0 ? String(row === session.selected) : null,
    }, name, this.#columns.map(column => h('div', { role: 'gridcell', class: `${column.id}${column.end ? ' end' : ''}` }, column.cell(cells, this.#context))))
    element.style.top = `${at * ROW_HEIGHT}px`
    return element
  }

  /** A mark for a tensor whose elements are another's, too. @param {import('../types').TensorInfo} [tensor] */
  #tied(tensor) {
    if (tensor?.tied === undefined) return null
    const { t, session } = this.#context
    const title = t('tiedTitle', { name: called(t, session.checkpoint.tensors[tensor.tied]) })
    return h('span', { class: 'tied', role: 'img', 'aria-label': title, title }, icon('link'))
  }

  /**
   * @param {import('../types').TensorInfo} [tensor]
   * @param {import('../wasm/core').Group} [group]
   * @returns {(Node | string)[]}
   */
  #named(tensor, group) {
    if (tensor?.name === '') return [h('span', { class: 'soft' }, called(this.#context.t, tensor))]
    const full = tensor?.name ?? group?.path ?? ''
    const label = tensor && !this.#context.session.grouped ? full : tensor?.label ?? group?.label ?? ''
    const shown = label.endsWith(SAME_IN_ALL) ? -SAME_IN_ALL.length : undefined
    return this.#marked(full.slice(0, shown), label.slice(0, shown))
  }

  /**
   * A label in which what the query found is marked. The query is asked about the full name, which ends with the label.
   *
   * @param {string} full
   * @param {string} label
   * @returns {(Node | string)[]}
   */
  #marked(full, label) {
    if (this.#query.trim() === '' || !full.endsWith(label)) return [visible(label)]
    const skipped = full.length - label.length
    /** @type {(Node | string)[]} */
    const parts = []
    const marks = this.#context.core.marks(this.#query, full)
    let done = 0
    for (let i = 0; i + 1 < marks.length; i += 2) {
      const start = Math.max(done, marks[i] - skipped)
      const end = marks[i + 1] - skipped
      if (end <= start) continue
      parts.push(visible(label.slice(done, start)), h('mark', {}, visible(label.slice(start, end))))
      done = end
    }
    return [...parts, visible(label.slice(done))]
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('[data-at]')
    if (!(row instanceof HTMLElement)) return
    this.#activate(Number(row.dataset.at))
    this.#enter()
  }

  /** Opens a tensor; opens or closes a group. */
  #enter() {
    const position = this.#visible[this.#active]
    if (position === undefined) return
    const row = this.#table.rows[position]
    if (row >= 0) this.#context.session.select(row)
    else this.#setOpen(position, !this.#isOpen(groupOf(row), this.#table.depths[position]))
  }

  /**
   * @param {number} position
   * @param {boolean} open
   */
  #setOpen(position, open) {
    this.#folds.set(groupOf(this.#table.rows[position]), open)
    this.#fold()
    this.#redraw()
  }

  /**
   * Goes to a tensor that was chosen, opening the groups around it.
   *
   * @param {number} tensor
   */
  #reveal(tensor) {
    const position = this.#table.rows.indexOf(tensor)
    if (position < 0) return this.#redraw()
    for (let at = parentOf(this.#table, position); at >= 0; at = parentOf(this.#table, at)) this.#folds.set(groupOf(this.#table.rows[at]), true)
    this.#fold()
    this.#activate(this.#visible.indexOf(position))
  }

  /** @param {number} at */
  #activate(at) {
    this.#active = Math.max(0, Math.min(at, this.#visible.length - 1))
    const head = this.#head.offsetHeight
    const top = this.#active * ROW_HEIGHT
    const lowest = top + ROW_HEIGHT + head - this.element.clientHeight
    if (top < this.element.scrollTop) this.element.scrollTop = top
    else if (lowest > this.element.scrollTop) this.element.scrollTop = lowest
    this.#redraw()
  }

  /** The ARIA treegrid pattern. @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2)
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.#activate(this.#active + 1),
      ArrowUp: () => this.#activate(this.#active - 1),
      PageDown: () => this.#activate(this.#active + page),
      PageUp: () => this.#activate(this.#active - page),
      Home: () => this.#activate(0),
      End: () => this.#activate(this.#visible.length - 1),
      ArrowRight: () => this.#sideways(true),
      ArrowLeft: () => this.#sideways(false),
      Enter: () => this.#enter(),
      ' ': () => this.#enter(),
    }
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }

  /** Right opens a group, or goes to its first row; left closes it, or goes to the group around. @param {boolean} right */
  #sideways(right) {
    const position = this.#visible[this.#active]
    if (position === undefined) return
    const row = this.#table.rows[position]
    const open = row < 0 && this.#isOpen(groupOf(row), this.#table.depths[position])
    if (row < 0 && open !== right) return this.#setOpen(position, right)
    if (right) return open ? this.#activate(this.#active + 1) : undefined
    const parent = parentOf(this.#table, position)
    if (parent >= 0) this.#activate(this.#visible.indexOf(parent))
  }
}
