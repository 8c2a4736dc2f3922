// What the page knows about the checkpoint that is open: the choice, the folds, the results so far, the analysis under way.

/** @typedef {import('../checkpoint.js').Checkpoint} Checkpoint */
/** @typedef {import('../types').Studied} Studied */
/** @typedef {import('../types').Progress} Progress */

/**
 * @typedef {object} Result  what the table shows of an analysed tensor
 * @property {import('../types').Summary} [summary]
 * @property {Uint8Array} [heights]  of the histogram's bars, 0 to 255
 * @property {string} [error]
 */

/** How often findings are asked for while they come in; and they take at most this share of the worker's time. */
const EXAMINE_MS = 400
const EXAMINE_SHARE = 0.1

/** Events: `select`, `results`, `analysis`, `health`, `tab`. */
export class Session extends EventTarget {
  /** @type {Map<number, Result>} */
  results = new Map()
  /** Hashes of tensors that were asked for. @type {Map<number, string>} */
  hashes = new Map()
  /** The chosen tensor's index, or -1. */
  selected = -1
  tab = 'parameters'
  /** @type {import('../wasm/core').SortKey} */
  sort = 'file'
  descending = false
  grouped = true
  /** Groups that the person opened (true) or closed (false). @type {Map<number, boolean>} */
  folds = new Map()
  /** The rows shown last, and the query that found them. @type {{ table: import('../wasm/core').Table, query: string } | null} */
  shown = null
  /** @type {{ controller: AbortController, started: number, progress: Progress | null } | null} */
  run = null
  /** What looks wrong in what was analysed so far. @type {import('../types').Health | null} */
  health = null
  /** When findings may be asked for again. */
  #next = 0
  #examining = false

  /** @param {Checkpoint} checkpoint */
  constructor(checkpoint) {
    super()
    this.checkpoint = checkpoint
  }

  /** @param {number} index */
  select(index) {
    if (index === this.selected) return
    this.selected = index
    this.dispatchEvent(new Event('select'))
  }

  /** Goes to a section. @param {string} tab */
  show(tab) {
    this.tab = tab
    this.dispatchEvent(new Event('tab'))
  }

  /** @param {Studied[]} finished */
  remember(finished) {
    for (const { index, summary, histogram, error } of finished) {
      this.results.set(index, { summary, error: error?.message, heights: histogram && heights(histogram.counts) })
    }
    if (finished.length > 0) this.dispatchEvent(new Event('results'))
  }

  /**
   * Studies all tensors that the filter finds; resolves when it is done or cancelled.
   *
   * @param {string} filter
   * @param {(progress: Progress) => void} onProgress
   */
  async analyze(filter, onProgress) {
    this.cancel()
    const run = { controller: new AbortController(), started: performance.now(), progress: /** @type {Progress | null} */ (null) }
    this.run = run
    this.dispatchEvent(new Event('analysis'))
    try {
      await this.checkpoint.analyze({
        filter,
        signal: run.controller.signal,
        onProgress: progress => {
          run.progress = progress
          this.remember(progress.finished)
          this.dispatchEvent(new Event('analysis'))
          onProgress(progress)
          if (progress.finished.length > 0 && performance.now() > this.#next) this.examine().catch(() => {})
        },
      })
    } finally {
      if (this.run === run) this.run = null
      this.dispatchEvent(new Event('analysis'))
      // Whoever looks at the findings, or wants the report, is told why there are none.
      this.examine(true).catch(() => {})
    }
  }

  /**
   * Asks for the findings anew.
   *
   * @param {boolean} [surely]  also if that was just done
   */
  async examine(surely = false) {
    if (this.#examining && !surely) return
    this.#examining = true
    const start = performance.now()
    try {
      this.health = await this.checkpoint.health()
      this.dispatchEvent(new Event('health'))
    } finally {
      const now = performance.now()
      this.#next = now + Math.max(EXAMINE_MS, (now - start) / EXAMINE_SHARE)
      this.#examining = false
    }
  }

  cancel() {
    this.run?.controller.abort()
  }

  close() {
    this.cancel()
    this.checkpoint.close()
  }
}

/** @param {Float64Array} counts */
function heights(counts) {
  const most = counts.reduce((most, count) => Math.max(most, count), 1)
  return Uint8Array.from(counts, count => Math.ceil(count / most * 255))
}
