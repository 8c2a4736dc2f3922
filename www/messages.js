// The one module which knows that there are messages: every call gets a number, every number a promise.

import { abortError, checkpointError } from './errors.js'
import { place } from './place.js'

/**
 * @typedef {object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {((progress: any) => void) | undefined} onProgress
 */
/**
 * To a worker: `{ id, method, args }` or `{ id, cancel: true }`. From it: `{ id }` with `result`, `error` or `progress`, or `{ crash }`.
 *
 * @typedef {{ id: number, result?: unknown, error?: import('./types').CheckpointError, progress?: unknown, crash?: string }} Answer
 */

/** Calls to a worker that may die: then every call that waits is rejected with kind `crashed`, and `onCrash` is told. */
export class Channel {
  /** @type {Worker | undefined} */
  #worker
  /** @type {Map<number, Pending>} */
  #pending = new Map()
  #next = 1
  #onCrash

  /** @param {() => void} onCrash */
  constructor(onCrash) {
    this.#onCrash = onCrash
  }

  /** Starts a worker, in the place of the last one. */
  start() {
    this.#worker?.terminate()
    const worker = startWorker(place('worker.js'))
    worker.onmessage = event => this.#answer(event.data)
    worker.onerror = event => {
      event.preventDefault()
      this.#crash(event.message || 'its worker could not be started')
    }
    this.#worker = worker
  }

  /**
   * Calls a method of the worker. An answer that comes after the signal was aborted is dropped.
   *
   * @param {string} method
   * @param {unknown} args
   * @param {{ signal?: AbortSignal, onProgress?: (progress: any) => void }} [options]
   * @returns {Promise<any>}
   */
  call(method, args, { signal, onProgress } = {}) {
    if (signal?.aborted) return Promise.reject(abortError())
    const worker = this.#worker
    if (!worker) return Promise.reject(checkpointError('source', 'The checkpoint is closed.'))
    const id = this.#next++
    const { promise, ...settle } = deferred()
    const abort = () => {
      if (!this.#pending.delete(id)) return
      worker.postMessage({ id, cancel: true })
      settle.reject(abortError())
    }
    this.#pending.set(id, { ...settle, onProgress })
    signal?.addEventListener('abort', abort, { once: true })
    worker.postMessage({ id, method, args })
    return promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  /** Ends the worker, which frees its memory, and rejects what still waits with an AbortError. */
  close() {
    this.#worker?.terminate()
    this.#worker = undefined
    this.#rejectAll(abortError)
  }

  /** @param {Answer} answer */
  #answer(answer) {
    if (answer.crash !== undefined) return this.#crash(answer.crash)
    const pending = this.#pending.get(answer.id)
    if (!pending) return
    if ('progress' in answer) return pending.onProgress?.(answer.progress)
    this.#pending.delete(answer.id)
    if (answer.error) pending.reject(checkpointError(answer.error.kind, answer.error.message, answer.error))
    else pending.resolve(answer.result)
  }

  /** @param {string} reason */
  #crash(reason) {
    this.#worker?.terminate()
    this.#worker = undefined
    this.#rejectAll(() => checkpointError('crashed', `The reader stopped unexpectedly (${reason}).`))
    this.#onCrash()
  }

  /** @param {() => Error} error */
  #rejectAll(error) {
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of waiting) reject(error())
  }
}

function deferred() {
  /** @type {(value: any) => void} */
  let resolve = () => {}
  /** @type {(error: Error) => void} */
  let reject = () => {}
  const promise = new Promise((yes, no) => { resolve = yes; reject = no })
  return { promise, resolve, reject }
}

/**
 * A worker that imports the script. One started from an address would have that address's policy, which a static host does not
 * send; one started from here has the page's. Nor could it come from another origin (a CDN's).
 *
 * @param {URL} url
 * @returns {Worker}
 */
function startWorker(url) {
  const local = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)}`], { type: 'text/javascript' }))
  const worker = new Worker(local, { type: 'module' })
  setTimeout(() => URL.revokeObjectURL(local), 60_000)
  return worker
}
