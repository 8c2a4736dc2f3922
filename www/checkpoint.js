// The JavaScript API: one object for an open checkpoint, over one worker of its own.

import { engine } from './engine.js'
import { abortError, checkpointError } from './errors.js'
import { toEntries } from './files.js'
import { Channel } from './messages.js'

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
 * @param {CallOptions} [options]
 * @returns {Promise<Checkpoint>}
 */
export async function openCheckpoint(files, { signal } = {}) {
  if (signal?.aborted) throw abortError()
  const entries = await toEntries(files, signal)
  if (entries.length === 0) throw checkpointError('missing', 'There is no file to open.')
  return Checkpoint.open(entries, signal)
}

/** @implements {OpenCheckpoint} */
export class Checkpoint {
  #entries
  #channel = new Channel(() => this.#recover())
  #opened = false
  #recovering = false
  #closed = false
  #ending = new AbortController()

  /** @param {FileEntry[]} entries */
  constructor(entries) {
    this.#entries = entries
    /** @type {import('./wasm/core').Facts} */
    this.facts = { format: { id: '', label: '' }, files: [], metadata: [], pickles: [], notes: [], layers: [], tensors: 0, parameters: 0, beside: [], bytes: 0, fileBytes: 0, dtypes: [] }
    /** @type {import('./types').TensorInfo[]} */
    this.tensors = []
    /** @type {import('./wasm/core').Group[]} */
    this.groups = []
  }

  /**
   * @param {FileEntry[]} entries
   * @param {AbortSignal} [signal]
   * @returns {Promise<Checkpoint>}
   */
  static async open(entries, signal) {
    const checkpoint = new Checkpoint(entries)
    try {
      await checkpoint.#start(signal)
      Object.assign(checkpoint, await checkpoint.#channel.call('describe', {}, { signal }))
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
   * @param {CallOptions & { bins?: number, range?: [number, number], dequantized?: boolean, onProgress?: (fraction: number) => void }} [options]
   * @returns {Promise<import('./types').Study>}
   */
  study(index, { bins = DEFAULT_BINS, range, dequantized, signal, onProgress } = {}) {
    return this.#channel.call('study', { index, bins, range, dequantized }, { signal, onProgress })
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
   * @param {CallOptions & { bins?: number, range?: [number, number], dequantized?: boolean }} [options]
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
      await this.#open(channel, within)
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
   * @param {CallOptions & { filter?: string, onProgress?: (progress: import('./types').Progress) => void }} [options]
   * @returns {Promise<object>}
   */
  async analyze({ filter = '', signal, onProgress } = {}) {
    await this.#channel.call('analyze', { filter, bins: DEFAULT_BINS }, { signal, onProgress })
    return this.report({ signal })
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

  /** Ends the worker, and with it all memory that the checkpoint took. */
  close() {
    this.#closed = true
    this.#ending.abort()
    this.#channel.close()
  }

  /** @param {AbortSignal} [signal] */
  #start(signal) {
    return this.#open(this.#channel, signal)
  }

  /**
   * Opens the files in a new worker.
   *
   * @param {Channel} channel
   * @param {AbortSignal} [signal]
   */
  async #open(channel, signal) {
    const module = await engine()
    if (this.#closed) throw abortError()
    channel.start()
    const files = this.#entries.map(({ file }) => file)
    const paths = this.#entries.map(({ path }) => path)
    await channel.call('open', { module, files, paths }, { signal })
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
