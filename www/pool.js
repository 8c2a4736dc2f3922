// Workers that share one analysis: each has the same files open, takes an order, and gives back what came of it.

import { abortError } from './errors.js'
import { Channel } from './messages.js'

/** The most workers: more would wait for the disk, and each has buffers of its own. */
const MOST = 8

/** How many orders a worker has at a time: while it works on one, the next is on its way. */
const AHEAD = 2

/** @typedef {import('./wasm/core').SurveyProgress} SurveyProgress */
/** @typedef {{ finished: import('./types').Studied[], progress: SurveyProgress }} Step */
/** An analysis that has begun. @typedef {{ survey: number, orders: number, progress: SurveyProgress }} Begun */
/** Who carries out an order. @typedef {{ work: (order: Uint8Array, signal: AbortSignal) => Promise<Uint8Array> }} Worker */
/**
 * Who conducts an analysis: gives out orders and takes outcomes.
 *
 * @typedef {object} Conductor
 * @property {() => Promise<{ number: number, order: Uint8Array } | undefined>} order
 * @property {(outcome: Uint8Array) => Promise<Step>} take
 * @property {(number: number) => Promise<Step>} lost  the order's worker has died
 */

export class Pool {
  /** @type {Hand[]} */
  #hands = []
  #start
  #size

  /**
   * @param {(channel: Channel) => Promise<void>} start  starts the channel's worker and opens the files in it
   * @param {number} [size]
   */
  constructor(start, size = navigator.hardwareConcurrency || 1) {
    this.#start = start
    this.#size = Math.max(1, Math.min(MOST, size))
  }

  /**
   * Has all orders carried out; rejects if what an order needs fails, or when the signal is aborted.
   *
   * @param {Conductor} conductor
   * @param {(step: Step) => void} onStep
   * @param {AbortSignal} signal
   */
  async run(conductor, onStep, signal) {
    while (this.#hands.length < this.#size) this.#hands.push(new Hand(this.#start))
    await carryOut(conductor, this.#hands.flatMap(hand => Array.from({ length: AHEAD }, () => hand)), onStep, signal)
  }

  /** Ends the workers. */
  close() {
    for (const hand of this.#hands) hand.close()
    this.#hands = []
  }
}

/** One worker, which is started when it is first needed, and again when it has died. */
class Hand {
  #channel = new Channel(() => { this.#ready = undefined })
  /** @type {Promise<void> | undefined} */
  #ready
  #start

  /** @param {(channel: Channel) => Promise<void>} start */
  constructor(start) {
    this.#start = start
  }

  /**
   * @param {Uint8Array} order
   * @param {AbortSignal} signal
   * @returns {Promise<Uint8Array>}
   */
  async work(order, signal) {
    this.#ready ??= this.#start(this.#channel).catch(error => {
      this.#ready = undefined
      throw error
    })
    await this.#ready
    return this.#channel.call('work', { order }, { signal })
  }

  close() {
    this.#channel.close()
  }
}

/**
 * Has all orders of an analysis carried out by these workers, each as often at a time as it is named.
 *
 * @param {Conductor} conductor
 * @param {Worker[]} workers
 * @param {(step: Step) => void} onStep
 * @param {AbortSignal} signal
 */
export async function carryOut(conductor, workers, onStep, signal) {
  // Where one fails for good, the others stop.
  const failure = new AbortController()
  const round = new Round(conductor, onStep, AbortSignal.any([signal, failure.signal]))
  try {
    await Promise.all(workers.map(worker => round.work(worker)))
  } finally {
    failure.abort()
  }
}

/** Orders going out and outcomes coming in, until all is done. */
class Round {
  #conductor
  #onStep
  #signal
  #over = false
  /** Those who found no order and wait for an outcome that brings one. @type {(() => void)[]} */
  #waiting = []

  /**
   * @param {Conductor} conductor
   * @param {(step: Step) => void} onStep
   * @param {AbortSignal} signal
   */
  constructor(conductor, onStep, signal) {
    this.#conductor = conductor
    this.#onStep = onStep
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  /** @param {Worker} worker */
  async work(worker) {
    while (!this.#over) {
      if (this.#signal.aborted) throw abortError()
      const next = await this.#conductor.order()
      if (next) this.#tell(await this.#outcome(worker, next))
      else if (!this.#over) await new Promise(resolve => this.#waiting.push(() => resolve(undefined)))
    }
  }

  /**
   * @param {Worker} worker
   * @param {{ number: number, order: Uint8Array }} next
   */
  async #outcome(worker, { number, order }) {
    try {
      return await this.#conductor.take(await worker.work(order, this.#signal))
    } catch (error) {
      if (/** @type {any} */ (error)?.kind !== 'crashed') throw error
      return this.#conductor.lost(number)
    }
  }

  /** @param {Step} step */
  #tell(step) {
    this.#over ||= step.progress.over
    this.#onStep(step)
    this.#wake()
  }

  #wake() {
    for (const go of this.#waiting.splice(0)) go()
  }
}
