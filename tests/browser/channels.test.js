// The view Channels.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { download, drop, fixture, golden, row, safetensors, start } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** @param {import('playwright-core').Page} page @param {string} name */
async function show(page, name) {
  await row(page, name).click()
  await page.locator('[data-tab=channels]').click()
  await page.locator('.channels canvas[part=canvas]').waitFor()
}

/** @param {import('playwright-core').Page} page */
async function csv(page) {
  const { bytes } = await download(page, () => page.locator('[data-export=csv]').click())
  const [head, ...rows] = bytes.toString().trim().split('\n')
  assert.equal(head, 'index,min,max,norm')
  return rows.map(line => line.split(',').map(Number))
}

/** @param {import('playwright-core').Page} page */
const chosen = page => page.locator('.plot').getAttribute('aria-valuetext')

test('ranges and norms of rows and columns are NumPy’s', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('statistics/shapes.safetensors')])
  await show(page, 'conv2d')
  const expected = golden('statistics/shapes.safetensors.statistics').tensors.find((/** @type {any} */ tensor) => tensor.name === 'conv2d')
  for (const side of /** @type {const} */ (['rows', 'columns'])) {
    await page.locator(`[data-choice=${side}]`).click()
    await page.locator('[part=plot-summary]', { hasText: `${expected[side].min.length} ${side}` }).waitFor()
    const found = await csv(page)
    assert.deepEqual(found.map(([index]) => index), expected[side].min.map((/** @type {number} */ _, /** @type {number} */ at) => at))
    assert.deepEqual(found.map(([, min]) => min), expected[side].min)
    assert.deepEqual(found.map(([, , max]) => max), expected[side].max)
    for (const [at, [, , , norm]] of found.entries()) assert.ok(Math.abs(norm / expected[side].l2[at] - 1) < 1e-12, `${side} ${at}`)
  }
  // A column of a kernel is told by its index on every other axis.
  await page.locator('.plot').focus()
  await page.keyboard.press('End')
  assert.match(await chosen(page) ?? '', /^\[:, 7, 2, 2\], /)
  await page.locator('[part=data-table] summary').click()
  await page.locator('[part=data-table] tbody tr').nth(71).waitFor()
  assert.equal(await page.locator('[part=data-table] tbody tr').count(), 72)
  assert.match(await page.locator('[part=data-table] tbody tr').nth(9).innerText(), /^\[:, 1, 0, 0\]/)
  await check()
})

test('dead channels and outliers are told, and Enter goes from one to the next', async () => {
  const values = Float32Array.from({ length: 3000 * 40 }, (_, at) => Math.sin(at))
  values.fill(0, 17 * 40, 18 * 40)
  values[2345 * 40 + 6] = -50
  const { page, check } = await viewer.open()
  await drop(page, [safetensors('channels.safetensors', { matrix: { shape: [3000, 40], values }, vector: { shape: [3], values: Float32Array.of(1, 2, 3) } })])
  await show(page, 'matrix')
  const summary = await page.locator('[part=plot-summary]').innerText()
  assert.match(summary, /3.?000 rows.* is that of \[2345, :\]\. 1 holds zeros only: 17\. 1 is far out, .* more than 10 times the median of all: 2345\./)
  await page.locator('.plot').focus()
  await page.keyboard.press('Enter')
  assert.equal(await chosen(page), '[17, :], 0 … 0, L2 norm 0, zeros only')
  await page.keyboard.press('Enter')
  assert.match(await chosen(page) ?? '', /^\[2345, :\], −50 … .*, far out$/)
  await page.keyboard.press('ArrowRight')
  assert.match(await page.locator('[part=tooltip]').innerText(), /^\[2346, :\]\n/)
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('[part=tooltip]').isVisible(), false)
  // Where several rows share a pixel, the mouse finds the one that is seen there.
  const { width } = await page.locator('.plot').evaluate(plot => plot.getBoundingClientRect())
  for (let x = Math.round(width * 0.7); x < width * 0.85 && !(await chosen(page))?.startsWith('[2345'); x++) await page.locator('.plot').hover({ position: { x, y: 200 } })
  assert.match(await chosen(page) ?? '', /^\[2345, :\]/)
  const svg = await download(page, () => page.locator('[data-export=svg]').click())
  assert.equal(svg.name, 'matrix.channels.svg')
  assert.match(svg.bytes.toString(), />\s*2345\s*</)

  await row(page, 'vector').click()
  await page.locator('[part=details] canvas[part=canvas]').waitFor()
  assert.equal(await page.locator('[data-tab=channels]').count(), 0, 'a vector has no channels')
  await check()
})

test('where there are no channels to tell, a sentence says why', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('statistics/nonfinite.safetensors')])
  await row(page, 'only_nan').click()
  await page.locator('[data-tab=channels]').click()
  await page.locator('.channels', { hasText: 'no finite value' }).waitFor()
  await drop(page, [safetensors('wide.safetensors', { wide: { shape: [1, 1 << 20], values: new Float32Array(1 << 20) } })])
  await row(page, 'wide').click()
  await page.locator('.channels', { hasText: 'up to 2^20 rows and columns' }).waitFor()
  assert.equal(await page.locator('[data-export=csv]').isVisible(), false)
  await check()
})
