// The dedicated worker: owns one open checkpoint, and works step by step so that a cancellation is heard in between.

import { examine } from './examination.js'
import { isUnpacked, withUnpackers } from './unpackers.js'
import init, * as core from './wasm/core.js'

/** @typedef {{ cancelled: boolean, progress: (fraction: number) => void }} Task */
/** The build of the core that has the checkpoint open. @typedef {typeof core} Core */
/** @typedef {{ core: Core, opened: core.Opened }} Open */

/** How long one run of steps may keep messages waiting, and how often progress is told. */
const BREATH_MS = 8
const PROGRESS_MS = 80

const port = /** @type {{ postMessage(message: unknown, transfer?: Transferable[]): void, onmessage: ((event: MessageEvent) => void) | null }} */ (/** @type {unknown} */ (globalThis))

/** @type {Promise<Open> | undefined} */
let opening
/** @type {Map<number, Task>} */
const tasks = new Map()
/** The analyses that this worker conducts, by number. @type {Map<number, core.Survey>} */
const surveys = new Map()
let surveyNumber = 0
/** One order is worked on at a time: two would need the memory of two. @type {Promise<unknown>} */
let working = Promise.resolve()

/** @type {Record<string, (open: Open, args: any, task: Task) => unknown>} */
const METHODS = {
  describe: ({ opened }) => ({ facts: opened.facts(), tensors: opened.tensors(), groups: opened.groups(), unpacked: isUnpacked() }),
  table: (open, question, task) => search(open, question, task, (search, opened) => search.table(opened)),
  plane,
  spectrum: async ({ opened }, args, task) => (await import('./spectrum.js')).spectrum(opened, args, task.progress),
  values: ({ opened }, { index, start, shape, dequantized }) => opened.values(index, Float64Array.from(start), Float64Array.from(shape), dequantized),
  report: async ({ opened }) => opened.report(opened.studied() > 0 ? (await examine(opened)).examination.json() : undefined),
  health: async ({ opened }) => {
    const { examination, rules } = await examine(opened)
    return { studied: opened.studied(), findings: examination.findings(), rules }
  },
  python: ({ opened }, { index }) => opened.python(index),
  series: ({ opened }, { index }) => opened.series(index),
  sha256,
  known: ({ opened }, { index, dequantized, full }) => opened.known(index, dequantized, full),
  survey: beginSurvey,
  order: (_, { survey }) => surveys.get(survey)?.order(),
  take: ({ opened }, { survey, outcome }) => stepOf(survey, survey => survey.take(opened, outcome)),
  lost: ({ opened }, { survey, number }) => stepOf(survey, survey => survey.lost(opened, number)),
  end: (_, { survey }) => {
    surveys.get(survey)?.free()
    surveys.delete(survey)
  },
  work: (open, { order }, task) => working = working.then(() => work(open, order, task)),
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
  const task = { cancelled: false, progress: (/** @type {number} */ progress) => port.postMessage({ id, progress }) }
  tasks.set(id, task)
  try {
    if (method === 'open') opening = open(args)
    if (!opening) throw new Error('no checkpoint is open')
    const opened = await opening
    const result = method === 'open' ? undefined : await METHODS[method](opened, args, task)
    if (!task.cancelled) port.postMessage({ id, result }, result instanceof Uint8Array ? [result.buffer] : [])
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
 * @param {{ name: import('./engine.js').CoreName, module: WebAssembly.Module, files: File[], paths: string[] }} args
 * @returns {Promise<Open>}
 */
async function open({ name, module, files, paths }) {
  const build = name === 'core' ? { ...core, default: init } : await import('./wasm/full.js')
  await build.default({ module_or_path: module })
  return { core: build, opened: await withUnpackers(() => build.Opened.open(files, paths)) }
}

/** What was asked for when the filter is applied. @typedef {{ query: string, sort: import('./wasm/core').SortKey, descending: boolean, grouped: boolean }} Question */

/**
 * What a filter finds; nothing once the task is cancelled.
 *
 * @template T
 * @param {Open} open
 * @param {Question} question
 * @param {Task} task
 * @param {(search: core.Search, opened: core.Opened) => T} found
 */
async function search({ core, opened }, { query, sort, descending, grouped }, task, found) {
  const search = new core.Search(query, sort, descending, grouped)
  try {
    while (!search.step(opened)) {
      await breathe()
      if (task.cancelled) return undefined
    }
    return found(search, opened)
  } finally {
    search.free()
  }
}

/**
 * Begins the analysis of the tensors that are named, or that a filter finds.
 *
 * @param {Open} open
 * @param {{ tensors?: number[], filter?: string, again?: boolean, bins: number, range?: [number, number], depth: 'moments' | 'full', dequantized?: boolean }} args
 * @param {Task} task
 * @returns {Promise<import('./pool.js').Begun | undefined>}
 */
async function beginSurvey(open, { tensors, filter, again, bins, range, depth, dequantized }, task) {
  const question = { query: filter ?? '', sort: /** @type {const} */ ('file'), descending: false, grouped: false }
  const indices = tensors ? Uint32Array.from(tensors) : await search(open, question, task, search => search.matches())
  if (!indices) return undefined
  const survey = new open.core.Survey(open.opened, indices, bins, range?.[0], range?.[1], depth === 'full', dequantized ?? false, again ?? false)
  surveys.set(++surveyNumber, survey)
  return { survey: surveyNumber, orders: survey.orders(), progress: survey.progress() }
}

/**
 * What a step of an analysis finished, and how far it is then. Nothing of one that has ended.
 *
 * @param {number} number
 * @param {(survey: core.Survey) => import('./types').Studied[]} step
 */
function stepOf(number, step) {
  const survey = surveys.get(number)
  return survey && { finished: step(survey).map(plain), progress: survey.progress() }
}

/** An error loses what it carries on its way to the page. @param {import('./types').Studied} studied */
function plain({ error, ...studied }) {
  return error ? { ...studied, error: { kind: error.kind, message: error.message, file: error.file, offset: error.offset } } : studied
}

/**
 * Carries out an order, a step at a time.
 *
 * @param {Open} open
 * @param {Uint8Array} order
 * @param {Task} task
 * @returns {Promise<Uint8Array | undefined>}
 */
async function work({ core, opened }, order, task) {
  const job = new core.Job(order)
  try {
    for (;;) {
      await breathe()
      if (task.cancelled) return undefined
      const outcome = job.step(opened)
      if (outcome) return outcome
    }
  } finally {
    job.free()
  }
}

/**
 * @param {Open} open
 * @param {{ index: number, axes?: [number, number], fixed: number[], width: number, height: number, dequantized?: boolean }} args
 * @param {Task} task
 */
async function plane({ opened }, { index, axes, fixed, width, height, dequantized }, task) {
  const reading = opened.plane(index, axes?.[0], axes?.[1], Float64Array.from(fixed), width, height, dequantized)
  try {
    await stepwise(task, () => reading.step(opened))
    return reading.pooled()
  } finally {
    reading.free()
  }
}

/**
 * @param {Open} open
 * @param {{ index: number }} args
 * @param {Task} task
 */
async function sha256({ core, opened }, { index }, task) {
  const hash = new core.Hash(opened, index)
  try {
    await stepwise(task, () => hash.step(opened))
    return hash.keep(opened)
  } finally {
    hash.free()
  }
}

/**
 * Steps until all is done, or the task is cancelled.
 *
 * @param {Task} task
 * @param {() => number} step  returns the fraction that is done
 */
async function stepwise(task, step) {
  let told = performance.now()
  for (let done = 0; done < 1;) {
    await breathe()
    if (task.cancelled) return
    done = step()
    if (performance.now() - told < PROGRESS_MS) continue
    told = performance.now()
    task.progress(done)
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
