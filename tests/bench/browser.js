// What Chromium does, each time with a file of the disk as a person's choice hands it over.

import { setTimeout as pause } from 'node:timers/promises'
import { rendererMemory } from '../browser/harness.js'
import { timedFrames, timedKeys, timedOpening } from '../browser/timing.js'

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').JSHandle<File>} ChosenFile */
/** @typedef {Awaited<ReturnType<typeof import('../browser/harness.js').start>>} Viewer */

/**
 * A file in a page.
 *
 * @param {Page} page
 * @param {string} path
 * @returns {Promise<ChosenFile>}
 */
export async function chosen(page, path) {
  const input = await page.evaluateHandle(() => Object.assign(document.createElement('input'), { type: 'file' }))
  await input.setInputFiles(path)
  return page.evaluateHandle(input => /** @type {FileList} */ (input.files)[0], input)
}

/**
 * Opens a checkpoint, and closes it again.
 *
 * @param {Page} page
 * @param {ChosenFile} file
 * @returns {Promise<number>} milliseconds
 */
export function opening(page, file) {
  return page.evaluate(async file => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const start = performance.now()
    const checkpoint = await openCheckpoint([file])
    const time = performance.now() - start
    checkpoint.close()
    return time
  }, file)
}

/**
 * Analyses a whole checkpoint, opened anew: what an open one has found it keeps.
 *
 * @param {Page} page
 * @param {ChosenFile} file
 * @param {{ depth: 'moments' | 'full', workers: number }} how
 * @returns {Promise<number>} bytes of the file a nanosecond
 */
export function analysing(page, file, how) {
  return page.evaluate(async ({ file, depth, workers }) => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const checkpoint = await openCheckpoint([file], { workers })
    const start = performance.now()
    const report = await checkpoint.analyze({ depth })
    const time = performance.now() - start
    checkpoint.close()
    const left = report.tensors.filter((/** @type {any} */ tensor) => !tensor.histogram)
    if (left.length > 0) throw new Error(`${left.length} tensors were not analysed, ${left[0].name} the first`)
    return file.size / time / 1e6
  }, { file, ...how })
}

/**
 * Reads a file and does nothing with it, in workers started as the viewer's are; they are there before it is timed.
 *
 * @param {Page} page
 * @param {ChosenFile} file
 * @param {{ chunk: number, workers: number }} how
 * @returns {Promise<number>} bytes of the file a nanosecond
 */
export function reading(page, file, how) {
  return page.evaluate(async ({ file, chunk, workers, source }) => {
    const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
    const readers = Array.from({ length: workers }, () => new Worker(address, { type: 'module' }))
    const ask = (/** @type {(index: number) => unknown} */ question) => Promise.all(readers.map((reader, index) => /** @type {Promise<number>} */ (new Promise((answered, failed) => {
      reader.onmessage = event => answered(event.data)
      reader.onerror = event => failed(new Error(event.message))
      reader.postMessage(question(index))
    }))))
    await ask(() => ({ file, chunk, first: file.size, step: chunk }))
    const start = performance.now()
    const read = await ask(index => ({ file, chunk, first: index * chunk, step: workers * chunk }))
    const time = performance.now() - start
    if (read.reduce((sum, bytes) => sum + bytes, 0) !== file.size) throw new Error(`${read} bytes of ${file.size} were read`)
    for (const reader of readers) reader.terminate()
    URL.revokeObjectURL(address)
    return file.size / time / 1e6
  }, { file, ...how, source: `onmessage = ${readSlices}` })
}

/** Runs in a worker. @param {MessageEvent<{ file: File, chunk: number, first: number, step: number }>} event */
function readSlices({ data: { file, chunk, first, step } }) {
  // @ts-ignore It exists in workers only.
  const reader = new FileReaderSync()
  let read = 0
  for (let at = first; at < file.size; at += step) read += reader.readAsArrayBuffer(file.slice(at, at + chunk)).byteLength
  postMessage(read)
}

/** How often memory is looked at, in milliseconds. */
const GLANCE = 20

/**
 * The most memory that an analysis takes, beyond that of the page before it.
 *
 * @param {Viewer} viewer
 * @param {string} path
 * @param {number} workers
 * @returns {Promise<number>} MB
 */
export async function memory(viewer, path, workers) {
  const { page, check } = await viewer.open()
  await pause(500)
  const before = rendererMemory()
  const file = await chosen(page, path)
  let peak = before
  let done = false
  const analysed = analysing(page, file, { depth: 'full', workers }).finally(() => { done = true })
  while (!done) {
    peak = Math.max(peak, rendererMemory())
    await pause(GLANCE)
  }
  await analysed
  await check()
  return (peak - before) / 1e6
}

/** Each narrows what the one before found; then as many take it back. */
const KEYS = ['3', '7', '.', 'w', '2']

/**
 * How the page feels with many tensors, in milliseconds: until their first rows are there, the slowest key in the filter,
 * and the longest frame while all of them scroll by.
 *
 * @param {Viewer} viewer
 * @param {string} path
 */
export async function feel(viewer, path) {
  const { page, check } = await viewer.open()
  const opened = await timedOpening(page, path)
  const key = Math.max(...await timedKeys(page, [...KEYS, ...KEYS.map(() => 'Backspace')]))
  await page.locator('[data-shape=list]').click()
  await page.locator('[role=row][data-at="9"]:not(.group)').waitFor()
  const frame = (await timedFrames(page)).at(-1) ?? NaN
  await check()
  return { opened, key, frame }
}
