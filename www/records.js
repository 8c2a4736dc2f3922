// Tables that came as columns (see `Column` in wasm/core.d.ts), as objects whose fields are read when they are asked for.

/** @typedef {import('./wasm/core').Column} Column */

/**
 * A record a row: `index` is its place, the other fields are getters of its class.
 *
 * @template T
 * @param {import('./wasm/core').Columns<T>} columns
 * @returns {T[]}
 */
export function records({ count, fields }) {
  class Row {
    /** @param {number} index */
    constructor(index) {
      this.index = index
    }

    toJSON() {
      /** @type {Record<string, unknown>} */
      const plain = {}
      for (const field in this) plain[field] = this[field]
      return plain
    }
  }
  for (const [field, column] of /** @type {[string, Column][]} */ (Object.entries(fields))) {
    const read = reader(column)
    Object.defineProperty(Row.prototype, field, { enumerable: true, get() { return read(this.index) } })
  }
  return /** @type {any} */ (Array.from({ length: count }, (_, index) => new Row(index)))
}

/**
 * @param {Column} column
 * @returns {(index: number) => unknown}
 */
function reader(column) {
  if (column instanceof Float64Array) {
    return index => Number.isNaN(column[index]) ? undefined : column[index]
  }
  if ('text' in column) {
    const { text, starts, ends } = column
    return index => starts[index] <= ends[index] ? text.slice(starts[index], ends[index]) : undefined
  }
  const { json, places } = column
  /** @type {unknown[] | undefined} */
  let values
  return index => {
    values ??= /** @type {unknown[]} */ (JSON.parse(json))
    return values[places[index] ?? places[0]] ?? undefined
  }
}
