// The view Spectrum: the figures that a person reads are NumPy's.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { anyRow, download, drop, fixture, golden, row, start, tensorRows, testFile } from './harness.js'

/** @typedef {import('playwright-core').Page} Page */

const MATRICES = '../spectrum/tests/matrices'
/** @type {Record<string, any>} what numpy says of each */
const SPECTRA = JSON.parse(readFileSync(testFile(`${MATRICES}/spectra.json`), 'utf8'))

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** @param {Page} page @param {string} name */
async function openMatrix(page, name) {
  await drop(page, [{ name: `${name}.npy`, bytes: readFileSync(testFile(`${MATRICES}/${name}.npy`)) }])
  await anyRow(page).click()
  await page.locator('[data-tab=spectrum]').click()
}

/** @param {Page} page @param {string} id */
const figure = async (page, id) => {
  const text = await page.locator(`[data-stat=${id}] dd`).innerText()
  return Number(text.replaceAll('\u2212', '-').replaceAll('\u202f', ''))
}

/** @param {number} found @param {number} expected */
function near(found, expected) {
  assert.ok(Math.abs(found - expected) <= 1e-3 * Math.abs(expected), `${found}, not ${expected}`)
}

for (const name of ['linear', 'kernel', 'tall', 'low_rank']) {
  test(`the spectrum of ${name} is NumPy's, in figures, table and CSV`, async () => {
    const { page, check } = await viewer.open()
    const expected = SPECTRA[name]
    await openMatrix(page, name)
    await page.locator('[part=matrix]', { hasText: `${expected.rows} × ${expected.columns}` }).waitFor()
    await page.locator('[data-stat=spectral-norm]').waitFor()
    near(await figure(page, 'spectral-norm'), expected.values[0])
    near(await figure(page, 'frobenius'), expected.frobenius)
    near(await figure(page, 'stable-rank'), expected.stable_rank)
    near(await figure(page, 'effective-rank'), expected.effective_rank)
    assert.equal(await figure(page, 'numerical-rank'), expected.numerical_rank)
    await page.locator('[part=plot-summary]', { hasText: `${expected.values.length} singular values from` }).waitFor()
    await page.locator('[part=data-table] summary').click()
    await page.locator('[part=data-table] tbody tr').last().waitFor()
    assert.equal(await page.locator('[part=data-table] tbody tr').count(), expected.values.length)
    const { name: file, bytes } = await download(page, () => page.locator('[data-export=csv]').click())
    assert.equal(file, 'tensor.spectrum.csv')
    const values = bytes.toString().trimEnd().split('\n').slice(1).map(line => Number(line.split(',')[1]))
    assert.equal(values.length, expected.values.length)
    values.forEach((value, at) => assert.ok(Math.abs(value - expected.values[at]) <= 1e-13 * values[0], `${at}: ${value}, not ${expected.values[at]}`))
    // Something is drawn, by either scale, and it is not the same.
    const drawn = () => page.locator('[part=canvas]').evaluate(canvas => /** @type {HTMLCanvasElement} */ (canvas).toDataURL())
    const byLogarithm = await drawn()
    await page.locator('[part=log]').click()
    assert.notEqual(await drawn(), byLogarithm)
    const svg = await download(page, () => page.locator('[data-export=svg]').click())
    assert.match(svg.bytes.toString(), /^<svg /)
    await check()
  })
}

test('numbers that are not finite are told, with how many there are', async () => {
  const { page, check } = await viewer.open()
  await openMatrix(page, 'not_finite')
  await page.locator('[part=spectrum] [role=alert]', { hasText: '2 of 24 values are NaN or infinite' }).waitFor()
  await check()
})

test('zeros have a spectrum of zeros, and no ranks', async () => {
  const { page, check } = await viewer.open()
  await openMatrix(page, 'zeros')
  await page.locator('[data-stat=stable-rank]', { hasText: '–' }).waitFor()
  assert.equal(await figure(page, 'spectral-norm'), 0)
  await check()
})

test('vectors have no tab for it, and a kernel of Keras has its output channels as columns', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('keras/simplenn.keras')])
  await tensorRows(page).first().waitFor()
  const tensors = golden('keras/simplenn.keras').tensors
  const named = (/** @type {number} */ axes) => tensors.find((/** @type {any} */ tensor) => tensor.shape.length === axes && tensor.canon === 'f32').name
  await row(page, named(1)).click()
  await page.locator('[data-tab=where]').waitFor()
  assert.equal(await page.locator('[data-tab=spectrum]').count(), 0)
  const sides = await page.evaluate(() => /** @type {any} */ (document.querySelector('param-scope')).checkpoint.tensors.map((/** @type {any} */ tensor) => [tensor.shape, tensor.matrix]))
  for (const [shape, matrix] of sides.filter((/** @type {any} */ [shape]) => shape.length > 1)) {
    assert.deepEqual(matrix, [shape.slice(0, -1).reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b), shape.at(-1)])
  }
  await check()
})

test('a large matrix waits to be asked for, tells how far it is, and stops when told to', async () => {
  const { page, check } = await viewer.open()
  const side = 1100
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${side}, ${side}), }`.padEnd(117) + '\n'
  const numbers = Float32Array.from({ length: side * side }, (_, at) => Math.sin(at * at % 9973))
  const bytes = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(header), Buffer.from(numbers.buffer)])
  await drop(page, [{ name: 'large.npy', bytes }])
  await anyRow(page).click()
  await page.locator('[data-tab=spectrum]').click()
  await page.locator('[data-action=spectrum]').click()
  await page.locator('[part=spectrum-progress]', { hasText: 'Decomposing' }).waitFor()
  await page.locator('[data-action=cancel-spectrum]').click()
  await page.locator('[data-action=spectrum]').waitFor()
  // Its worker is gone, and with it what it was doing.
  for (const start = Date.now(); page.workers().length > 1;) {
    assert.ok(Date.now() - start < 2000, 'the worker goes on')
    await page.waitForTimeout(20)
  }
  await page.locator('[data-action=spectrum]').click()
  await page.locator('[data-stat=frobenius]').waitFor()
  near(await figure(page, 'frobenius'), Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0)))
  await check()
})
