// The SHA-256 of a tensor in the view Where.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drop, fixture, golden, row, start } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

for (const path of ['safetensors/simplenn.safetensors', 'torch/simplenn_checkpoint.pt']) {
  test(`the hash of a tensor in ${path} is its framework's, is copied, and stays`, async () => {
    const { page, check } = await viewer.open({ permissions: ['clipboard-read', 'clipboard-write'] })
    await drop(page, [fixture(path)])
    const expected = golden(path).tensors.find((/** @type {any} */ { name }) => name.endsWith('fc1.weight'))
    await row(page, expected.name).click()
    await page.locator('[data-tab=where]').click()
    await page.locator('[data-action=hash]').press('Enter')
    await page.locator('[part=hash] code', { hasText: expected.sha256 }).waitFor()
    await page.locator('[part=copy-hash]:focus').press('Enter')
    await page.locator('[part=copy-hash]', { hasText: 'Copied' }).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), expected.sha256)
    await page.locator('[data-tab=histogram]').click()
    await page.locator('[data-tab=where]').click()
    await page.locator('[part=hash] code', { hasText: expected.sha256 }).waitFor()
    const report = await page.evaluate(() => /** @type {any} */ (document.querySelector('param-scope')).checkpoint.report())
    const hashed = report.tensors.filter((/** @type {any} */ { sha256 }) => sha256)
    assert.deepEqual(hashed.map((/** @type {any} */ { name, sha256 }) => [name, sha256]), [[expected.name, expected.sha256]])
    await check()
  })
}

test('a long hash tells how far it is, and stops when told to', async () => {
  const { page, check } = await viewer.open()
  const [told, stopped] = await page.evaluate(async () => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [2 ** 26], data_offsets: [0, 2 ** 28] } })
    const length = new DataView(new ArrayBuffer(8))
    length.setBigUint64(0, BigInt(header.length), true)
    const checkpoint = await openCheckpoint(new File([length.buffer, header, new Blob([new Uint8Array(2 ** 28)])], 'large.safetensors'))
    const stop = new AbortController()
    /** @type {number[]} */
    const told = []
    const onProgress = (/** @type {number} */ fraction) => { if (told.push(fraction) === 2) stop.abort() }
    const name = await checkpoint.sha256(0, { signal: stop.signal, onProgress }).catch((/** @type {Error} */ error) => error.name)
    const asked = performance.now()
    await checkpoint.values(0, { start: [0], shape: [1] })
    const waited = performance.now() - asked
    checkpoint.close()
    return [told, [name, waited]]
  })
  assert.ok(told.length === 2 && told[0] > 0 && told[0] < told[1] && told[1] < 1, String(told))
  assert.equal(stopped[0], 'AbortError')
  assert.ok(Number(stopped[1]) < 1000, `the worker was busy for ${stopped[1]} ms`)
  await check()
})
