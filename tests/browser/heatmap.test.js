// The view Heatmap.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { download, drop, row, safetensors, start } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

const matrix = Float32Array.from({ length: 300 * 700 }, (_, at) => Math.sin(at))
matrix[123 * 700 + 456] = -9
matrix[7 * 700 + 3] = NaN
const FILE = safetensors({
  matrix: { shape: [300, 700], values: matrix },
  kernel: { shape: [2, 3, 4], values: Float32Array.from({ length: 24 }, (_, at) => at) },
  vector: { shape: [5], values: Float32Array.of(1, 2, -8, 4, 5) },
})

/** @param {import('playwright-core').Page} page @param {string} name */
async function show(page, name) {
  await row(page, name).click()
  await page.locator('#view-heatmap, [data-tab=heatmap]').first().click()
  await page.locator('.heatmap canvas[part=canvas]').waitFor()
}

/** @param {import('playwright-core').Page} page */
const summary = page => page.locator('[part=plot-summary]').innerText()

/** @param {import('playwright-core').Page} page */
const chosen = page => page.locator('.plot').getAttribute('aria-valuetext')

test('a plane is shown in cells, and keys and the mouse read the values behind them', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [FILE])
  await show(page, 'matrix')
  assert.match(await summary(page), /300 × 700 values\. Each of the 128 × 256 cells .* The largest, −9, is at \[123, 456\]; .* NaN in 1 cells/)
  const plot = page.locator('.plot')
  await plot.focus()
  await page.keyboard.press('Enter')
  assert.equal(await chosen(page), '[123, 456], −9')
  await page.keyboard.press('ArrowDown')
  assert.match(await chosen(page) ?? '', /^\[12[4-6], 45[4-7]\], /)
  await page.keyboard.press('ArrowUp')
  assert.equal(await page.locator('[part=tooltip]').innerText(), '[123, 456]\n−9')
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('[part=tooltip]').isVisible(), false)
  const { width, height } = await plot.evaluate(plot => plot.getBoundingClientRect())
  await plot.hover({ position: { x: width / 2, y: height / 2 } })
  await page.locator('[part=tooltip]', { hasText: /^\[\d+, \d+\]/ }).waitFor()

  const csv = (await download(page, () => page.locator('[data-export=csv]').click())).bytes.toString().trim().split('\n')
  assert.equal(csv[0], 'row,column,value')
  assert.equal(csv.length, 1 + 128 * 256)
  assert.ok(csv.includes('123,456,-9.0') && csv.includes('7,3,NaN'))
  const svg = await download(page, () => page.locator('[data-export=svg]').click())
  assert.equal(svg.name, 'matrix.heatmap.svg')
  assert.match(svg.bytes.toString(), /<svg[^]*NaN[^]*<\/svg>/)
  await page.locator('[part=data-table] summary').click()
  await page.locator('[part=data-table] .more').waitFor()
  assert.equal(await page.locator('[part=data-table] tbody tr').count(), 200)
  await check()
})

test('the axes and where the others are cut are the person’s to choose', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [FILE])
  await show(page, 'kernel')
  assert.match(await summary(page), /^3 × 4 values\. The largest, 11, is at \[0, 2, 3\]/)
  await page.locator('[data-fixed="0"]').fill('1')
  await page.locator('[data-fixed="0"]').press('Enter')
  await page.locator('[part=plot-summary]', { hasText: 'The largest, 23, is at [1, 2, 3]' }).waitFor()
  await page.locator('[data-axis="1"]').selectOption('0')
  await page.locator('[part=plot-summary]', { hasText: '3 × 2 values. The largest, 20, is at [1, 2, 0]' }).waitFor()
  await show(page, 'vector')
  assert.match(await summary(page), /^1 × 5 values\. The largest, −8, is at \[2\]/)
  await check()
})
