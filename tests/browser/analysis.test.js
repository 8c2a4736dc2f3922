// Many tensors analysed by several workers.

import assert from 'node:assert/strict'
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { row, start } from './harness.js'

/** @typedef {import('playwright-core').Page} Page */

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
/** @type {string} */
let folder
/** Tensors larger than what is read at once, and small ones. @type {string} */
let model
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paramscope-'))
  model = write('model.safetensors', { embedding: 9 << 20, ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`layers.${index}.weight`, 1 << 16])), head: 10 << 20, middle: 5 << 20 })
  viewer = await start()
})
after(async () => {
  await viewer?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * A safetensors file of float32 between -1 and 1, other ones in each tensor.
 *
 * @param {string} name
 * @param {Record<string, number>} sizes  elements of each tensor
 */
function write(name, sizes) {
  let offset = 0
  const entries = Object.entries(sizes).map(([name, elements]) => {
    const begin = offset
    offset += elements * 4
    return [name, { dtype: 'F32', shape: [elements >> 8, 256], data_offsets: [begin, offset] }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const path = join(folder, name)
  const file = openSync(path, 'w')
  writeSync(file, length)
  writeSync(file, header)
  let seed = 1
  for (const elements of Object.values(sizes)) {
    const values = new Float32Array(elements)
    for (let index = 0; index < elements; index++) {
      seed = Math.imul(seed, 1664525) + 1013904223 | 0
      values[index] = (seed / 2 ** 31) ** 3
    }
    writeSync(file, new Uint8Array(values.buffer))
  }
  closeSync(file)
  return path
}

/**
 * Gives the page a file as a person does, for what is evaluated there: `globalThis.given`.
 *
 * @param {Page} page
 * @param {string} path
 */
async function give(page, path) {
  await page.evaluate(() => {
    const input = Object.assign(document.createElement('input'), { type: 'file', id: 'given' })
    document.body.append(input)
  })
  await page.locator('#given').setInputFiles(path)
  await page.evaluate(async () => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const { files } = /** @type {HTMLInputElement} */ (document.querySelector('#given'))
    Object.assign(globalThis, { openCheckpoint, given: files })
  })
}

test('one, two and five workers write the same report, byte for byte', { timeout: 120_000 }, async () => {
  const { page, check } = await viewer.open()
  await give(page, model)
  /** @type {string[]} */
  const reports = []
  for (const workers of [1, 2, 5]) {
    const report = await page.evaluate(async workers => {
      const { openCheckpoint, given } = /** @type {any} */ (globalThis)
      const checkpoint = await openCheckpoint(given, { workers })
      await checkpoint.analyze()
      const report = await checkpoint.reportText()
      Object.assign(globalThis, { checkpoint })
      return report
    }, workers)
    assert.ok(page.workers().length > 1, 'others than the one that conducts')
    await page.evaluate(() => /** @type {any} */ (globalThis).checkpoint.close())
    reports.push(report)
  }
  assert.equal(JSON.parse(reports[0]).tensors.filter((/** @type {any} */ { histogram }) => histogram).length, 43)
  assert.equal(reports[1], reports[0])
  assert.equal(reports[2], reports[0])
  await check()
})

test('what is known is not read again, and a cancellation is heard within 50 ms by the page and all workers', { timeout: 120_000 }, async () => {
  const { page, check } = await viewer.open()
  await give(page, model)
  const { took, idle, first, second } = await page.evaluate(async () => {
    const { openCheckpoint, given } = /** @type {any} */ (globalThis)
    const cancelled = []
    for (let round = 0; round < 5; round++) {
      const checkpoint = await openCheckpoint(given, { workers: 2 })
      const controller = new AbortController()
      const begun = new Promise(resolve => {
        Object.assign(controller, { analysis: checkpoint.analyze({ signal: controller.signal, onProgress: (/** @type {any} */ { bytes }) => bytes > 0 && resolve(undefined) }) })
      })
      await begun
      const start = performance.now()
      controller.abort()
      const name = await /** @type {any} */ (controller).analysis.catch((/** @type {Error} */ error) => error.name)
      const told = performance.now() - start
      // The owner, and with it whoever works on an order, hears the next question once the step under way is done.
      await checkpoint.values(0, { start: [0, 0], shape: [1, 1] })
      cancelled.push({ name, told, idle: performance.now() - start })
      checkpoint.close()
    }
    const checkpoint = await openCheckpoint(given, { workers: 2 })
    /** @type {number[]} */
    const totals = []
    const onProgress = (/** @type {any} */ { bytesTotal }) => totals.push(bytesTotal)
    await checkpoint.analyze({ filter: 'layers', onProgress })
    const first = totals.at(-1)
    await checkpoint.analyze({ filter: 'layers', onProgress })
    const second = totals.at(-1)
    checkpoint.close()
    if (cancelled.some(({ name }) => name !== 'AbortError')) throw new Error('it was not cancelled')
    return { took: Math.min(...cancelled.map(({ told }) => told)), idle: Math.min(...cancelled.map(({ idle }) => idle)), first, second }
  })
  console.log(`cancelled after ${took.toFixed(1)} ms, the next answer after ${idle.toFixed(1)} ms`)
  assert.ok(took < 50 && idle < 50, `${took} ms, ${idle} ms`)
  assert.deepEqual([first, second], [40 << 18, 0])
  await check()
})

test('a worker that dies is replaced and its work done again', { timeout: 120_000 }, async () => {
  const { page, recorded } = await viewer.open()
  await give(page, model)
  const calm = await page.evaluate(async () => {
    const { openCheckpoint, given } = /** @type {any} */ (globalThis)
    const checkpoint = await openCheckpoint(given, { workers: 2 })
    await checkpoint.analyze()
    const report = await checkpoint.reportText()
    checkpoint.close()
    return report
  })
  await page.evaluate(async () => {
    const { openCheckpoint, given } = /** @type {any} */ (globalThis)
    const checkpoint = await openCheckpoint(given, { workers: 2 })
    Object.assign(globalThis, { begun: false, checkpoint })
    Object.assign(globalThis, { analysis: checkpoint.analyze({ onProgress: (/** @type {any} */ { bytes }) => { if (bytes > 0) Object.assign(globalThis, { begun: true }) } }) })
  })
  await page.waitForFunction(() => /** @type {any} */ (globalThis).begun)
  // The first is the one that conducts.
  const worker = page.workers()[1]
  const ended = worker.waitForEvent('close')
  await worker.evaluate(() => { setTimeout(() => { throw new Error('planted') }) })
  await ended
  const report = await page.evaluate(async () => {
    const { analysis, checkpoint } = /** @type {any} */ (globalThis)
    await analysis
    const report = await checkpoint.reportText()
    checkpoint.close()
    return report
  })
  assert.equal(report, calm)
  assert.deepEqual(recorded.filter(entry => !entry.includes('planted')), [])
  await page.context().close()
})

test('a person analyses everything, and each tensor is shown at once afterwards', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=file-input]').setInputFiles(model)
  await page.locator('[part=filter]').fill('middle')
  await row(page, 'middle').waitFor()
  await page.locator('[data-action=analyse]').click()
  await page.locator('[data-action=analyse]').waitFor({ state: 'hidden' })
  await row(page, 'middle').click()
  await page.locator('canvas[part=canvas]').waitFor()
  await check()
})
