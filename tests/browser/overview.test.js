// The tab Overview.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { download, drop, fixture, golden, row, safetensors, start, tensorRows } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** @param {number} count */
const zeros = count => ({ shape: [count], values: new Float32Array(count) })
const FILE = safetensors('made.safetensors', {
  'model.embed.weight': zeros(4000),
  'model.layers.1.up.weight': zeros(3000),
  'model.layers.1.up.bias': { shape: [2], values: Float32Array.of(1, NaN) },
  'model.layers.10.up.weight': zeros(1000),
  'model.layers.10.up.bias': zeros(1),
  'model.layers.10.down.bias': zeros(1),
  'head.weight': zeros(1996),
})

/** @param {import('playwright-core').Page} page */
const told = page => page.locator('.plot').getAttribute('aria-valuetext')

test('modules are rectangles that keys go through, and Enter shows their parameters', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [FILE])
  await page.locator('[data-tab=overview]').click()
  await page.locator('.overview canvas[part=canvas]').waitFor()
  assert.equal(await page.locator('.overview [part=plot-summary]').innerText(), '10\u202fK parameters in 2 modules; the largest, model, has 80\u202f%.')
  await page.locator('.plot').focus()
  await page.keyboard.press('ArrowRight')
  assert.equal(await told(page), 'model, 8\u202f004 parameters, 80\u202f%')
  await page.keyboard.press('ArrowRight')
  assert.match(await told(page) ?? '', /^head\.weight, 1\u202f996 parameters/)
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowDown')
  assert.match(await told(page) ?? '', /^model\.layers, 4\u202f004 parameters/)
  await page.keyboard.press('ArrowDown')
  assert.match(await told(page) ?? '', /^model\.layers\.1\.up, 3\u202f002 parameters/)
  await page.keyboard.press('ArrowUp')
  assert.match(await told(page) ?? '', /^model\.layers, /)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.locator('#section-parameters[aria-selected=true]').waitFor()
  assert.equal(await page.locator('[part=filter]').inputValue(), 'model.layers.1.up.*')
  await row(page, 'model.layers.1.up.weight').waitFor()
  await page.locator('[part=hits]', { hasText: '2 of 7' }).waitFor()
  await page.locator('[role=treegrid]:focus').waitFor()
  assert.equal(await tensorRows(page).count(), 2)
  await check()
})

test('the picture is saved, and its figures are a table', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [FILE])
  await page.locator('[data-tab=overview]').click()
  await page.locator('.overview canvas[part=canvas]').waitFor()
  const csv = await download(page, () => page.locator('[data-export=csv]').click())
  assert.equal(csv.name, 'made.safetensors.treemap.csv')
  const lines = csv.bytes.toString().trim().split('\n')
  assert.equal(lines[0], 'label,parent,size')
  assert.ok(lines.includes('embed.weight,model,4000'), lines.join('\n'))
  assert.match((await download(page, () => page.locator('[data-export=svg]').click())).bytes.toString(), /<svg[^]*model[^]*<\/svg>/)
  await page.locator('.overview [part=data-table] summary').click()
  await page.locator('.overview [part=data-table] tbody tr', { hasText: 'model.layers.10' }).first().waitFor()
  await check()
})

test('types, roles and the largest tensors are those of the framework, and a tensor is chosen from there', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('safetensors/simplenn.safetensors')])
  await page.locator('[data-tab=overview]').click()
  const { tensors } = golden('safetensors/simplenn.safetensors')
  const largest = tensors.toSorted((/** @type {any} */ a, /** @type {any} */ b) => b.nbytes - a.nbytes)
  await page.locator('.largest li').first().waitFor()
  const listed = await page.locator('.largest button').allInnerTexts()
  assert.deepEqual(listed.toSorted(), tensors.map((/** @type {any} */ { name }) => name).toSorted())
  assert.equal(listed[0], largest[0].name)
  assert.match(await page.locator('[data-shares=dtypes] li').innerText(), /^f32\s+[\d.]+ B\s+100\u202f%$/)
  assert.equal(await page.locator('[data-shares=roles] li').count(), 1)
  await page.locator('.largest button').first().press('Enter')
  await page.locator('[part=tensor-name]', { hasText: largest[0].name }).waitFor()
  await check()
})

test('what an analysis counted is added up', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [FILE])
  await page.locator('[data-tab=overview]').click()
  await page.locator('[data-totals]', { hasText: 'when you ask' }).waitFor()
  await page.locator('[data-action=analyse]').click()
  await page.locator('[data-totals]', { hasText: '7 of 7 tensors analysed' }).waitFor()
  assert.equal(await page.locator('[data-stat=total-values] dd').innerText(), '10\u202f000')
  assert.equal(await page.locator('[data-stat=total-zeros] dd').innerText(), '9\u202f998')
  assert.equal(await page.locator('[data-stat=total-nan] dd').innerText(), '1')
  await check()
})
