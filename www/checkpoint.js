// The JavaScript API: one object for an open checkpoint, over one worker of its own.

import { engine } from './engine.js'
import { abortError, checkpointError } from './errors.js'
import { toEntries } from './files.js'
import { Channel } from './messages.js'
import { Pool, carryOut } from './pool.js'
import { records } from './records.js'

/** @typedef {import('./types').CallOptions} CallOptions */
/** @typedef {import('./types').FileEntry} FileEntry */
/** @typedef {import('./types').Checkpoint} OpenCheckpoint */
/** @typedef {import('./wasm/core').Table} Table */
/** @typedef {import('./wasm/core').SortKey} SortKey */

export const DEFAULT_BINS = 50
/** Of a picture of a plane: some two pixels each in the viewer. */
const DEFAULT_CELLS = { width: 256, height: 128 }

/**
 * Opens a checkpoint from files, or from a URL that is fetched whole. Reads headers only.
 *
 * @param {import('./types').Openable} files
 * @param {CallOptions & { workers?: number }} [options]
 * @returns {Promise<Checkpoint>}
 */
export async function openCheckpoint(files, { signal, workers } = {}) {
  if (signal?.aborted) throw abortError()
  const entries = await toEntries(files, signal)
  if (entries.length === 0) throw checkpointError('missing', 'There is no file to open.')
  return Checkpoint.open(entries, signal, workers)
}

/** @implements {OpenCheckpoint} */
export class Checkpoint {
  #entries
  /** The worker that owns the checkpoint, and conducts analyses. */
  #channel = new Channel(() => this.#recover())
  /** Those that carry them out. */
  #pool
  /** The build of the core that reads these files. @type {import('./engine.js').CoreName} */
  #core = 'core'
  #opened = false
  #recovering = false
  #closed = false
  #ending = new AbortController()

  /**
   * @param {FileEntry[]} entries
   * @param {number} [workers]
   */
  constructor(entries, workers) {
    this.#entries = entries
    this.#pool = new Pool(channel => this.#openIn(channel), workers)
    /** @type {import('./wasm/core').Facts} */
    this.facts = { format: { id: '', label: '' }, files: [], metadata: [], pickles: [], notes: [], layers: [], tensors: 0, parameters: 0, beside: [], roles: 0, bytes: 0, fileBytes: 0, dtypes: [] }
    /** @type {import('./types').TensorInfo[]} */
    this.tensors = []
    /** @type {import('./wasm/core').Group[]} */
    this.groups = []
    /** Whether the files had to be unpacked as a whole. */
    this.unpacked = false
  }

  /**
   * @param {FileEntry[]} entries
   * @param {AbortSignal} [signal]
   * @param {number} [workers]
   * @returns {Promise<Checkpoint>}
   */
  static async open(entries, signal, workers) {
    const checkpoint = new Checkpoint(entries, workers)
    try {
      await checkpoint.#start(signal)
      const { facts, tensors, groups } = await checkpoint.#channel.call('describe', {}, { signal })
      Object.assign(checkpoint, { facts, tensors: records(tensors), groups: records(groups) })
      checkpoint.#opened = true
      return checkpoint
    } catch (error) {
      checkpoint.close()
      throw error
    }
  }

  get format() { return this.facts.format }
  get metadata() { return this.facts.metadata }
  get pickles() { return this.facts.pickles }
  get notes() { return this.facts.notes }
  get layers() { return this.facts.layers }

  /**
   * The rows of the parameter table.
   *
   * @param {{ query: string, sort: SortKey, descending: boolean, grouped: boolean }} question
   * @param {CallOptions} [options]
   * @returns {Promise<Table>}
   */
  table(question, options) {
    return this.#channel.call('table', question, options)
  }

  /**
   * @param {number} index
   * @param {CallOptions & import('./types').StudyOptions & { onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<import('./types').Study>}
   */
  async study(index, options) {
    const [studied] = await this.studies([index], options)
    if (studied.error) throw studied.error
    return studied
  }

  /**
   * @param {number[]} indices
   * @param {CallOptions & import('./types').StudyOptions & { depth?: 'moments' | 'full', onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<import('./types').Studied[]>}
   */
  async studies(indices, { bins = DEFAULT_BINS, range, dequantized = false, channels, depth = 'full', signal, onProgress } = {}) {
    /** @type {Map<number, import('./types').Studied>} */
    const found = new Map()
    if (bins === DEFAULT_BINS && !range && !channels) {
      const known = await Promise.all(indices.map(index => this.#channel.call('known', { index, dequantized, full: depth === 'full' }, { signal })))
      indices.forEach((index, place) => { if (known[place]) found.set(index, known[place]) })
    }
    const tensors = indices.filter(index => !found.has(index))
    const question = { tensors, again: channels, bins, range, dequantized, depth }
    if (tensors.length > 0) {
      await this.#survey(question, ({ finished, progress: { bytes, bytesTotal } }) => {
        for (const studied of finished) found.set(studied.index, studied)
        onProgress?.(bytes / (bytesTotal || 1))
      }, signal)
    }
    return indices.map(index => found.get(index) ?? { index })
  }

  /**
   * @param {number} index
   * @param {CallOptions & { dequantized?: boolean }} [options]
   */
  async summary(index, options) {
    return (await this.study(index, options)).summary
  }

  /**
   * @param {number} index
   * @param {CallOptions & import('./types').StudyOptions} [options]
   */
  async histogram(index, options) {
    const { histogram, problem } = await this.study(index, options)
    if (!histogram) throw checkpointError('unsupported', problem ?? 'This tensor holds no numbers.')
    return histogram
  }

  /**
   * In a worker of its own, which ends with the answer: its last step may take many seconds, in which it hears nothing.
   *
   * @param {number} index
   * @param {CallOptions & { dequantized?: boolean, onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<import('./types').Spectrum>}
   */
  async spectrum(index, { dequantized, signal, onProgress } = {}) {
    const within = signal ? AbortSignal.any([signal, this.#ending.signal]) : this.#ending.signal
    const channel = new Channel(() => {})
    try {
      await this.#openIn(channel, within)
      return await channel.call('spectrum', { index, dequantized }, { signal: within, onProgress })
    } finally {
      channel.close()
    }
  }

  /**
   * @param {number} index
   * @param {CallOptions & import('./types').PlaneOptions & { onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<import('./types').Plane>}
   */
  plane(index, { axes, fixed = [], width = DEFAULT_CELLS.width, height = DEFAULT_CELLS.height, dequantized, signal, onProgress } = {}) {
    return this.#channel.call('plane', { index, axes, fixed, width, height, dequantized }, { signal, onProgress })
  }

  /**
   * The tensors that are named alike but for one number, by that number.
   *
   * @param {number} index
   * @param {CallOptions} [options]
   * @returns {Promise<import('./wasm/core').Series | undefined>}
   */
  series(index, options) {
    return this.#channel.call('series', { index }, options)
  }

  /**
   * @param {number} index
   * @param {CallOptions & { onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<string>}
   */
  sha256(index, options) {
    return this.#channel.call('sha256', { index }, options)
  }

  /**
   * @param {number} index
   * @param {CallOptions & { start?: number[], shape?: number[], dequantized?: boolean }} [options]
   * @returns {Promise<(number | string | boolean)[]>}
   */
  values(index, { start, shape, dequantized, signal } = {}) {
    const whole = this.tensors[index]?.shape ?? []
    const from = start ?? whole.map(() => 0)
    const size = shape ?? whole.map((length, axis) => length - from[axis])
    return this.#channel.call('values', { index, start: from, shape: size, dequantized }, { signal })
  }

  /**
   * @param {CallOptions & { filter?: string, depth?: 'moments' | 'full', onProgress?: (progress: import('./types').Progress) => void }} [options]
   * @returns {Promise<object>}
   */
  async analyze({ filter = '', depth = 'full', signal, onProgress } = {}) {
    await this.#survey({ filter, bins: DEFAULT_BINS, depth }, ({ finished, progress }) => onProgress?.({ ...progress, finished }), signal)
    return this.report({ signal })
  }

  /**
   * @param {CallOptions} [options]
   * @returns {Promise<import('./types').Health>}
   */
  health(options) {
    return this.#channel.call('health', {}, options)
  }

  /**
   * @param {CallOptions} [options]
   * @returns {Promise<object>}
   */
  async report(options) {
    return JSON.parse(await this.reportText(options))
  }

  /**
   * The report as the core wrote it, digit for digit.
   *
   * @param {CallOptions} [options]
   * @returns {Promise<string>}
   */
  reportText(options) {
    return this.#channel.call('report', {}, options)
  }

  /**
   * @param {number} index
   * @param {CallOptions} [options]
   * @returns {Promise<string>}
   */
  python(index, options) {
    return this.#channel.call('python', { index }, options)
  }

  /** Ends the workers, and with them all memory that the checkpoint took. */
  close() {
    this.#closed = true
    this.#ending.abort()
    this.#channel.close()
    this.#pool.close()
  }

  /**
   * An analysis from its beginning to its end.
   *
   * @param {object} question
   * @param {(step: import('./pool.js').Step) => void} onStep
   * @param {AbortSignal} [signal]
   */
  async #survey(question, onStep, signal = new AbortController().signal) {
    const owner = this.#channel
    /** @type {import('./pool.js').Begun} */
    const { survey, orders, progress } = await owner.call('survey', question, { signal })
    const conductor = {
      order: () => owner.call('order', { survey }),
      take: (/** @type {Uint8Array} */ outcome) => this.#step(owner.call('take', { survey, outcome })),
      lost: (/** @type {number} */ number) => this.#step(owner.call('lost', { survey, number })),
    }
    try {
      onStep({ finished: [], progress })
      if (progress.over) return
      // What is one piece of work is done where the checkpoint is open already.
      const own = { work: (/** @type {Uint8Array} */ order, /** @type {AbortSignal} */ signal) => owner.call('work', { order }, { signal }) }
      await (orders > 1 && !this.unpacked ? this.#pool.run(conductor, onStep, signal) : carryOut(conductor, [own], onStep, signal))
    } finally {
      owner.call('end', { survey }).catch(() => {})
    }
  }

  /** @param {Promise<import('./pool.js').Step>} step */
  async #step(step) {
    const { finished, progress } = await step
    for (const studied of finished) {
      if (studied.error) studied.error = checkpointError(studied.error.kind, studied.error.message, studied.error)
    }
    return { finished, progress }
  }

  /** @param {AbortSignal} [signal] */
  async #start(signal) {
    try {
      await this.#openIn(this.#channel, signal)
    } catch (error) {
      if (/** @type {any} */ (error)?.kind !== 'elsewhere') throw error
      this.#core = 'full'
      await this.#openIn(this.#channel, signal)
    }
  }

  /**
   * Opens the files in a new worker.
   *
   * @param {Channel} channel
   * @param {AbortSignal} [signal]
   */
  async #openIn(channel, signal) {
    const name = this.#core
    const module = await engine(name).catch(error => {
      throw name === 'core' ? error : checkpointError('source', `The reader of this format could not be fetched (${error.message}).`)
    })
    if (this.#closed) throw abortError()
    channel.start()
    const files = this.#entries.map(({ file }) => file)
    const paths = this.#entries.map(({ path }) => path)
    await channel.call('open', { name, module, files, paths }, { signal })
  }

  /** After a crash: the same files in a new worker. One that crashes while it opens them is not tried again. */
  async #recover() {
    if (!this.#opened || this.#recovering || this.#closed) return
    this.#recovering = true
    // Rejected only if the files cannot be opened any more, which the next call tells.
    await this.#start().catch(() => this.#channel.close())
    this.#recovering = false
  }
}
