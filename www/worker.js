// The dedicated worker: owns one open checkpoint, and works step by step so that a cancellation is heard in between.

import { checkpointError } from './errors.js'
import { place } from './place.js'
import { withUnpackers } from './unpackers.js'
import init, { Opened } from './wasm/core.js'

/** @typedef {import('./types').Studied} Studied */
/** @typedef {{ cancelled: boolean, progress: (value: unknown) => void }} Task */
/** @typedef {{ index: number, bins: number, range?: [number, number], dequantized?: boolean }} StudyArgs */

/** How long one run of steps may keep messages waiting, and how often progress is told. */
const BREATH_MS = 8
const PROGRESS_MS = 80

const port = /** @type {{ postMessage(message: unknown): void, onmessage: ((event: MessageEvent) => void) | null }} */ (/** @type {unknown} */ (globalThis))

/** @type {Promise<Opened> | undefined} */
let opening
/** @type {Map<number, Task>} */
const tasks = new Map()

/** @type {Record<string, (opened: Opened, args: any, task: Task) => unknown>} */
const METHODS = {
  describe: opened => ({ facts: opened.facts(), tensors: opened.tensors(), groups: opened.groups() }),
  table: (opened, { query, sort, descending, grouped }) => opened.table(query, sort, descending, grouped),
  study: (opened, args, task) => study(opened, args, task, paced(fraction => task.progress(fraction))),
  analyze,
  plane,
  spectrum: async (opened, args, task) => (await import('./spectrum.js')).spectrum(opened, args, task.progress),
  values: (opened, { index, start, shape, dequantized }) => opened.values(index, Float64Array.from(start), Float64Array.from(shape), dequantized),
  report: opened => opened.report(),
  python: (opened, { index }) => opened.python(index),
}

port.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if (data.cancel) {
    const task = tasks.get(data.id)
    if (task) task.cancelled = true
  } else {
    answer(data.id, data.method, data.args)
  }
}

/**
 * @param {number} id
 * @param {string} method
 * @param {any} args
 */
async function answer(id, method, args) {
  const task = { cancelled: false, progress: (/** @type {unknown} */ progress) => port.postMessage({ id, progress }) }
  tasks.set(id, task)
  try {
    if (method === 'open') opening = open(args)
    if (!opening) throw new Error('no checkpoint is open')
    const opened = await opening
    const result = method === 'open' ? undefined : await METHODS[method](opened, args, task)
    if (!task.cancelled) port.postMessage({ id, result })
  } catch (error) {
    refuse(id, /** @type {any} */ (error))
  } finally {
    tasks.delete(id)
  }
}

/**
 * Whatever carries no kind is a bug (a panic in the core, mostly): the worker's memory can no longer be trusted.
 *
 * @param {number} id
 * @param {Error & { kind?: string, file?: string, offset?: number }} error
 */
function refuse(id, error) {
  if (error?.kind) port.postMessage({ id, error: { kind: error.kind, message: error.message, file: error.file, offset: error.offset } })
  else port.postMessage({ id, crash: String(error?.message ?? error) })
}

/**
 * @param {{ module: WebAssembly.Module, files: File[], paths: string[] }} args
 * @returns {Promise<Opened>}
 */
async function open({ module, files, paths }) {
  await init({ module_or_path: module })
  try {
    return await withUnpackers(() => Opened.open(files, paths))
  } catch (error) {
    if (/** @type {any} */ (error)?.kind !== 'elsewhere') throw error
  }
  const full = await fullCore()
  return withUnpackers(() => full.Opened.open(files, paths))
}

/** The core that reads everything, in place of the one that a page begins with. */
async function fullCore() {
  try {
    const full = await import('./wasm/full.js')
    await full.default({ module_or_path: place('wasm/full_bg.wasm') })
    return full
  } catch (error) {
    throw checkpointError('source', `The reader of this format could not be fetched (${/** @type {Error} */ (error).message}).`)
  }
}

/**
 * @param {Opened} opened
 * @param {StudyArgs} args
 * @param {Task} task
 * @param {(fraction: number) => void} onStep
 * @returns {Promise<import('./types').Study>}
 */
async function study(opened, { index, bins, range, dequantized }, task, onStep) {
  const analysis = opened.analysis(index, bins, range?.[0], range?.[1], dequantized)
  try {
    if (!await finish(opened, analysis, task, onStep)) return {}
    return { summary: analysis.summary(), histogram: analysis.histogram(), problem: analysis.histogramProblem() }
  } finally {
    analysis.free()
  }
}

/**
 * @param {Opened} opened
 * @param {{ index: number, axes?: [number, number], fixed: number[], width: number, height: number, dequantized?: boolean }} args
 * @param {Task} task
 */
async function plane(opened, { index, axes, fixed, width, height, dequantized }, task) {
  const reading = opened.plane(index, axes?.[0], axes?.[1], Float64Array.from(fixed), width, height, dequantized)
  try {
    await finish(opened, reading, task, paced(fraction => task.progress(fraction)))
    return reading.pooled()
  } finally {
    reading.free()
  }
}

/**
 * Does all steps of a work, unless it is cancelled first.
 *
 * @param {Opened} opened
 * @param {{ step(opened: Opened): number }} work
 * @param {Task} task
 * @param {(fraction: number) => void} onStep
 * @returns {Promise<boolean>} whether it is done
 */
async function finish(opened, work, task, onStep) {
  for (let done = 0; done < 1;) {
    await breathe()
    if (task.cancelled) return false
    done = work.step(opened)
    onStep(done)
  }
  return true
}

/**
 * Studies all tensors that a query finds, in file order. One that cannot be read does not stop the others.
 *
 * @param {Opened} opened
 * @param {{ filter: string, bins: number }} args
 * @param {Task} task
 */
async function analyze(opened, { filter, bins }, task) {
  const { rows } = opened.table(filter, 'file', false, false)
  const sizes = opened.tensors().map(tensor => tensor.bytes)
  const bytesTotal = rows.reduce((sum, index) => sum + sizes[index], 0)
  /** @type {Studied[]} */
  let finished = []
  let bytes = 0
  let current = 0
  /** @param {number} fraction  of the tensor under way */
  const tell = fraction => {
    const done = bytes + fraction * (sizes[rows[current]] ?? 0)
    task.progress({ tensors: current, tensorsTotal: rows.length, bytes: done, bytesTotal, finished })
    finished = []
  }
  const onStep = paced(tell)
  for (; current < rows.length; current++) {
    const index = rows[current]
    const studied = await attempt(opened, { index, bins }, task, onStep)
    if (task.cancelled) return
    finished.push(studied)
    bytes += sizes[index]
  }
  tell(0)
}

/**
 * @param {Opened} opened
 * @param {StudyArgs} args
 * @param {Task} task
 * @param {(fraction: number) => void} onStep
 * @returns {Promise<Studied>}
 */
async function attempt(opened, args, task, onStep) {
  try {
    return { index: args.index, ...await study(opened, args, task, onStep) }
  } catch (error) {
    const failure = /** @type {import('./types').CheckpointError} */ (error)
    if (!failure?.kind) throw failure
    return { index: args.index, error: failure.message }
  }
}

/**
 * Passes on a call when the last one passed on is a while ago.
 *
 * @param {(fraction: number) => void} tell
 * @returns {(fraction: number) => void}
 */
function paced(tell) {
  let told = performance.now()
  return fraction => {
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    tell(fraction)
  }
}

const bell = new MessageChannel()
/** @type {(() => void)[]} */
const waiting = []
let breathed = 0
bell.port1.onmessage = () => {
  breathed = performance.now()
  waiting.shift()?.()
}

/**
 * Lets waiting messages in, if the last time is a while ago.
 *
 * @returns {Promise<void> | undefined}
 */
function breathe() {
  if (performance.now() - breathed < BREATH_MS) return undefined
  return new Promise(resolve => {
    waiting.push(resolve)
    bell.port2.postMessage(null)
  })
}
