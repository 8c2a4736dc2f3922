// Files that are larger than one would like to hold in memory.

import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { anyRow, rendererMemory, start, tensorRows } from './harness.js'
import { nestedCheckpoint } from './nested.js'
import { timedFrames, timedOpening } from './timing.js'

const GB = 1e9
const TENSORS = 300

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
/** @type {string} */
let folder
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paramscope-'))
  viewer = await start()
})
after(async () => {
  await viewer?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A safetensors file of so many bytes that takes no room on the disk. @param {number} bytes */
function sparse(bytes) {
  const each = Math.floor(bytes / TENSORS / 4) * 4
  const header = JSON.stringify(Object.fromEntries(Array.from({ length: TENSORS }, (_, index) => [
    `model.layers.${index}.mlp.weight`, { dtype: 'F32', shape: [each / 4], data_offsets: [index * each, (index + 1) * each] },
  ])))
  const path = join(folder, `${bytes}.safetensors`)
  const file = openSync(path, 'w')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  writeSync(file, length)
  writeSync(file, header)
  closeSync(file)
  truncateSync(path, 8 + Buffer.byteLength(header) + TENSORS * each)
  return path
}

test('3 GB open in under 300 ms and 100 MB', async () => {
  const { page, check } = await viewer.open()
  await page.waitForTimeout(500)
  const before = rendererMemory()
  const opened = await timedOpening(page, sparse(3 * GB))
  const more = rendererMemory() - before
  console.log(`3 GB: opened in ${opened.toFixed(0)} ms with ${(more / 1e6).toFixed(0)} MB more renderer memory`)
  assert.ok(opened < 300, `${opened} ms`)
  assert.ok(more < 100e6, `${more} bytes`)
  await check()
})

test('a long analysis tells how far it is and is cancelled at once', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=file-input]').setInputFiles(sparse(3 * GB))
  await anyRow(page).waitFor()
  await page.locator('[data-action=analyse]').click()
  await page.locator('progress').waitFor()
  await page.waitForFunction(() => Number(document.querySelector('param-scope')?.shadowRoot?.querySelector('progress')?.value) > 0)
  const took = await page.evaluate(async () => {
    const root = /** @type {ShadowRoot} */ (document.querySelector('param-scope')?.shadowRoot)
    const cancel = /** @type {HTMLElement} */ (root.querySelector('[data-action=cancel]'))
    const start = performance.now()
    cancel.click()
    while (root.querySelector('progress')) await new Promise(resolve => requestAnimationFrame(resolve))
    return performance.now() - start
  })
  assert.ok(took < 200, `cancelled after ${took} ms`)
  // The reader is free again: another tensor's figures come soon.
  await page.locator('[part=filter]').fill('layers.7.')
  await tensorRows(page).first().click()
  await page.locator('canvas[part=canvas]').waitFor({ timeout: 5000 })
  await check()
})

test('200 000 tensors in nested dictionaries open, scroll, fold and are filtered smoothly', async () => {
  const path = join(folder, 'nested.pt')
  writeFileSync(path, nestedCheckpoint(2000))
  const { page, check } = await viewer.open()
  const opened = await timedOpening(page, path)
  await page.locator('[part=hits]', { hasText: /^200\s000 of 200\s000/ }).waitFor()
  await page.locator('[data-shape=list]').click()
  await page.locator('[role=row][data-name="layer0.expert_0.w1"]').waitFor()
  const frames = await timedFrames(page)
  const [usual, worst] = [frames[60], frames.at(-1) ?? 0]
  const timed = async (/** @type {() => Promise<unknown>} */ act) => {
    const start = performance.now()
    await act()
    return performance.now() - start
  }
  const filtered = await timed(async () => {
    await page.locator('[part=filter]').fill('expert_7.w2')
    await page.locator('[part=hits]', { hasText: /^2\s000 of 200\s000/ }).waitFor()
  })
  console.log(`200 000 tensors: opened in ${opened.toFixed(0)} ms, a frame ${usual.toFixed(0)} ms, the longest ${worst.toFixed(0)} ms, filtered in ${filtered.toFixed(0)} ms`)
  assert.ok(opened < 10_000, `opened in ${opened} ms`)
  assert.ok(usual < 50 && worst < 300, `frames of ${usual} ms, the longest ${worst} ms`)
  assert.ok(filtered < 2000, `filtered in ${filtered} ms`)
  await check()
})
