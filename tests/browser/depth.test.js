// The view Over depth.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { download, drop, fixture, row, safetensors, start } from './harness.js'

/** @typedef {import('playwright-core').Page} Page */

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** Values around 0, `spread` to either side, of which one is an outlier. @param {number} spread */
const layer = spread => Float32Array.from({ length: 4000 }, (_, at) => at === 1234 ? 100 : Math.sin(at * 7) * spread)

/** @param {number} count */
function model(count) {
  const layers = Array.from({ length: count }, (_, at) => [`model.layers.${at}.q_proj.weight`, { shape: [40, 100], values: layer(1 + at) }])
  return safetensors('made.safetensors', { ...Object.fromEntries(layers), 'head.weight': { shape: [2], values: Float32Array.of(1, 2) } })
}

/** @param {Page} page @param {string} name */
async function show(page, name) {
  await row(page, name).click()
  await page.locator('[data-tab=depth]').click()
  await page.locator('.depth canvas[part=canvas]').waitFor()
}

/** @param {Page} page */
const told = page => page.locator('.plot').getAttribute('aria-valuetext')

test('layers stand in order on one axis, are read by keys, and chosen by Enter', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [model(12)])
  await show(page, 'model.layers.7.q_proj.weight')
  const summary = await page.locator('[part=plot-summary]').innerText()
  assert.match(summary, /^12 layers on one axis from −12 to 12, .* 99\.9th percentile of a layer\. \d+ values lie outside\.$/)
  await page.locator('.plot').focus()
  await page.keyboard.press('ArrowDown')
  assert.match(await told(page) ?? '', /^layer 8, mean 0\.\d+ · std 6\.\d+, min −9 · max 100$/)
  await page.keyboard.press('Home')
  assert.match(await told(page) ?? '', /^layer 0, /)
  await page.keyboard.press('End')
  assert.match(await page.locator('[part=tooltip]').innerText(), /^layer 11\n/)
  await page.keyboard.press('Enter')
  await page.locator('[part=tensor-name]', { hasText: 'model.layers.11.q_proj.weight' }).waitFor()
  // The keyboard goes on where it was, in the picture of the other layer.
  await page.locator('.plot:focus').waitFor()
  await page.keyboard.press('ArrowUp')
  assert.match(await told(page) ?? '', /^layer 10, /)

  const csv = (await download(page, () => page.locator('[data-export=csv]').click())).bytes.toString().trim().split('\n').map(line => line.split(','))
  assert.deepEqual(csv[0], ['low', 'high', ...Array.from({ length: 12 }, (_, at) => String(at))])
  const edges = [...csv.slice(1).map(line => Number(line[0])), Number(csv.at(-1)?.[1])]
  for (const at of [0, 11]) {
    const counted = csv.slice(1).map(line => Number(line[2 + at]))
    const expected = edges.slice(1).map((high, bin) => layer(1 + at).filter(value => value >= edges[bin] && (value < high || bin === edges.length - 2 && value === high)).length)
    assert.deepEqual(counted, expected)
  }
  const outside = csv[0].slice(2).flatMap(number => [...layer(1 + Number(number))]).filter(value => value < edges[0] || value > edges[edges.length - 1])
  assert.ok(outside.length >= 12 && summary.includes(` ${outside.length} values lie outside`), `${outside.length} in: ${summary}`)
  await page.locator('[part=data-table] summary').click()
  await page.locator('[part=data-table] tbody tr').last().waitFor()
  assert.equal(await page.locator('[part=data-table] tbody tr').count(), 12)
  await check()
})

test('a tensor without two siblings has no such tab', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [model(3)])
  await row(page, 'head.weight').click()
  await page.locator('[data-tab=where]').waitFor()
  assert.equal(await page.locator('[data-tab=depth]').count(), 0)
  await show(page, 'model.layers.1.q_proj.weight')
  await drop(page, [fixture('safetensors/simplenn.safetensors')])
  await row(page, 'fc1.weight').click()
  await page.locator('[data-tab=where]').waitFor()
  assert.equal(await page.locator('[data-tab=depth]').count(), 0)
  await check()
})

test('of very many layers every second is shown, the chosen one among them', async () => {
  const { page, check } = await viewer.open()
  const layers = Array.from({ length: 130 }, (_, at) => [`h.${at}.w`, { shape: [64], values: Float32Array.from({ length: 64 }, (_, place) => Math.cos(place + at)) }])
  await drop(page, [safetensors('made.safetensors', Object.fromEntries(layers))])
  await page.locator('[part=filter]').fill('h.77.w')
  await show(page, 'h.77.w')
  assert.match(await page.locator('[part=plot-summary]').innerText(), /^65 layers .* One layer in 2 is shown\.$/)
  await page.locator('.plot').focus()
  await page.keyboard.press('ArrowDown')
  assert.match(await told(page) ?? '', /^layer 79, /)
  await check()
})

test('many bytes wait to be asked for, and can be cancelled', async () => {
  const { page, check } = await viewer.open()
  await page.evaluate(async () => {
    const bytes = 3 * 2 ** 27
    const header = JSON.stringify(Object.fromEntries([0, 1, 2].map(at => [`h.${at}.w`, { dtype: 'F32', shape: [2 ** 12, 2 ** 13], data_offsets: [at * 2 ** 27, (at + 1) * 2 ** 27] }])))
    const length = new DataView(new ArrayBuffer(8))
    length.setBigUint64(0, BigInt(header.length), true)
    await /** @type {any} */ (document.querySelector('param-scope')).open(new File([length.buffer, header, new Blob([new Uint8Array(bytes)])], 'large.safetensors'))
  })
  await row(page, 'h.1.w').click()
  await page.locator('[data-tab=depth]').click()
  await page.locator('[data-action=depth]', { hasText: 'Read 3 tensors (384 MiB)' }).click()
  await page.locator('[data-action=cancel-depth]').click()
  await page.locator('[data-action=depth]').waitFor()
  await check()
})
