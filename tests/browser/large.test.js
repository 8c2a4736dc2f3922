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

/**
 * A safetensors file of so many float32 a tensor, which takes no room on the disk.
 *
 * @param {string[]} names
 * @param {number} each
 */
function sparse(names, each) {
  const header = JSON.stringify(Object.fromEntries(names.map((name, index) => [name, { dtype: 'F32', shape: [each], data_offsets: [index * each * 4, (index + 1) * each * 4] }])))
  const path = join(folder, `${names.length}-${each}.safetensors`)
  const file = openSync(path, 'w')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  writeSync(file, length)
  writeSync(file, header)
  closeSync(file)
  truncateSync(path, 8 + Buffer.byteLength(header) + names.length * each * 4)
  return path
}

/** So many bytes in 300 layers. @param {number} bytes */
const layers = bytes => sparse(Array.from({ length: TENSORS }, (_, index) => `model.layers.${index}.mlp.weight`), Math.floor(bytes / TENSORS / 4))

const ROLES = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj', 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj', 'mlp.router', 'input_layernorm', 'post_attention_layernorm']

/**
 * Milliseconds from a change of the filter to the rows that it finds, and how many those are said to be.
 *
 * @param {import('./harness.js').Page} page
 * @param {string} query
 */
const keystroke = (page, query) => page.evaluate(async query => {
  const root = /** @type {ShadowRoot} */ (document.querySelector('param-scope')?.shadowRoot)
  const [input, hits] = ['filter', 'hits'].map(part => root.querySelector(`[part=${part}]`))
  const before = hits?.textContent
  const start = performance.now()
  const took = new Promise(resolve => {
    const observer = new MutationObserver(() => {
      if (hits?.textContent === before) return
      observer.disconnect()
      resolve(performance.now() - start)
    })
    observer.observe(root, { subtree: true, childList: true, characterData: true })
  })
  Object.assign(/** @type {object} */ (input), { value: query })
  input?.dispatchEvent(new Event('input'))
  return { took: /** @type {number} */ (await took), hits: hits?.textContent ?? '' }
}, query)

test('3 GB open in under 300 ms and 100 MB', async () => {
  const { page, check } = await viewer.open()
  await page.waitForTimeout(500)
  const before = rendererMemory()
  const opened = await timedOpening(page, layers(3 * GB))
  const more = rendererMemory() - before
  console.log(`3 GB: opened in ${opened.toFixed(0)} ms with ${(more / 1e6).toFixed(0)} MB more renderer memory`)
  assert.ok(opened < 300, `${opened} ms`)
  assert.ok(more < 100e6, `${more} bytes`)
  await check()
})

test('a long analysis tells how far it is and is cancelled at once', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=file-input]').setInputFiles(layers(3 * GB))
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
  const { took: filtered, hits } = await keystroke(page, 'expert_7.w2')
  assert.match(hits, /^2\s000 of 200\s000/)
  console.log(`200 000 tensors: opened in ${opened.toFixed(0)} ms, a frame ${usual.toFixed(0)} ms, the longest ${worst.toFixed(0)} ms, filtered in ${filtered.toFixed(0)} ms`)
  assert.ok(opened < 10_000, `opened in ${opened} ms`)
  assert.ok(usual < 50 && worst < 300, `frames of ${usual} ms, the longest ${worst} ms`)
  assert.ok(filtered < 2000, `filtered in ${filtered} ms`)
  await check()
})

test('100 000 tensors: rows in a second, a keystroke in 50 ms, no frame of more', async () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `model.layers.${Math.floor(index / ROLES.length)}.${ROLES[index % ROLES.length]}.weight`)
  const path = sparse(names, 4)
  const queries = ['77.mlp', '*.77?.*weight', '/\\.77\\.mlp/', 'shape:4']
  // Other work on the machine slows one round or another: the best of three is what the page takes.
  const best = { opened: Infinity, filtered: queries.map(() => Infinity), frame: Infinity }
  for (let round = 0; round < 3; round++) {
    const { page, check } = await viewer.open()
    best.opened = Math.min(best.opened, await timedOpening(page, path))
    await page.locator('[part=hits]', { hasText: /^100\s000 of 100\s000/ }).waitFor()
    await page.locator('[data-shape=list]').click()
    await page.locator('[role=row][data-name="model.layers.0.self_attn.q_proj.weight"]').waitFor()
    best.frame = Math.min(best.frame, (await timedFrames(page)).at(-1) ?? Infinity)
    for (const [index, query] of queries.entries()) best.filtered[index] = Math.min(best.filtered[index], (await keystroke(page, query)).took)
    await check()
  }
  const filtered = queries.map((query, index) => `${query} ${best.filtered[index].toFixed(0)} ms`)
  console.log(`100 000 tensors: opened in ${best.opened.toFixed(0)} ms, the longest frame ${best.frame.toFixed(0)} ms, filtered by ${filtered.join(', ')}`)
  assert.ok(best.opened < 1000, `opened in ${best.opened} ms`)
  assert.ok(best.frame < 50, `a frame of ${best.frame} ms`)
  assert.ok(best.filtered.every(took => took < 50), `filtered by ${filtered.join(', ')}`)
})

test('a slow pattern keeps nobody waiting', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=file-input]').setInputFiles(sparse(Array.from({ length: 100_000 }, (_, index) => `model.layers.${index}.mlp.weight`), 4))
  await page.locator('[part=hits]', { hasText: /^100\s000 of 100\s000/ }).waitFor()
  const slow = await keystroke(page, '/([a-z_.0-9]{1,20})[57]\\.mlp/')
  let overtaking = Infinity
  for (let round = 0; round < 3; round++) {
    await page.locator('[part=filter]').fill(`/([a-z_.0-9]{1,2${round}})[24]\\.mlp/`)
    await page.waitForTimeout(30)
    overtaking = Math.min(overtaking, (await keystroke(page, `${'7'.repeat(round + 2)}.mlp`)).took)
  }
  console.log(`100 000 tensors: a slow pattern takes ${slow.took.toFixed(0)} ms, the keystroke that overtakes one ${overtaking.toFixed(0)} ms`)
  assert.ok(overtaking < 80 && overtaking < slow.took, `${overtaking} ms`)
  await check()
})
