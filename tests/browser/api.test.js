// The JavaScript API and the element, as an embedding page uses them.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drop, fixture, golden, row, start, tensorRows, testFile } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** @param {string} path below tests/fixtures */
const parcel = path => ({ name: fixture(path).name, base64: fixture(path).bytes.toString('base64') })

test('a checkpoint opens, answers and closes without the element', async () => {
  const { page, check } = await viewer.open()
  const answers = await page.evaluate(async ({ name, base64 }) => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
    const checkpoint = await openCheckpoint(new File([bytes], name))
    const { format, tensors, notes } = checkpoint
    const summary = await checkpoint.summary(0)
    const { edges, counts } = await checkpoint.histogram(0, { bins: 50 })
    const values = await checkpoint.values(0, { start: [1], shape: [3] })
    /** @type {number[]} */
    const told = []
    const report = await checkpoint.analyze({ filter: 'fc2', onProgress: (/** @type {any} */ { tensors }) => told.push(tensors) })
    const aborted = new AbortController()
    aborted.abort()
    const refused = await checkpoint.summary(0, { signal: aborted.signal }).catch((/** @type {Error} */ error) => error.name)
    checkpoint.close()
    const closed = await checkpoint.summary(0).catch((/** @type {Error} */ error) => error.name)
    return { format, names: tensors.map((/** @type {any} */ tensor) => tensor.name), notes, summary, edges: [...edges], counts: [...counts], values, report, told, refused, closed }
  }, parcel('safetensors/simplenn.safetensors'))
  const expected = golden('safetensors/simplenn.safetensors').tensors
  assert.deepEqual(answers.format, { id: 'safetensors', label: 'safetensors' })
  assert.deepEqual(answers.names, expected.map((/** @type {any} */ tensor) => tensor.name))
  const { stats, first } = expected[0]
  assert.equal(answers.summary.max, stats.max)
  assert.equal(answers.summary.finite, stats.finite)
  assert.deepEqual(answers.counts, stats.hist.counts)
  assert.deepEqual(answers.edges, stats.hist.edges)
  assert.equal(answers.report.schema, 'paramscope-report/1')
  const analysed = answers.report.tensors.filter((/** @type {any} */ tensor) => tensor.histogram).map((/** @type {any} */ tensor) => tensor.name)
  assert.ok(analysed.includes('fc2.weight') && !analysed.includes('fc1.weight'))
  assert.equal(answers.told.at(-1), 2)
  assert.equal(answers.refused, 'AbortError')
  assert.ok(['AbortError', 'CheckpointError'].includes(answers.closed), 'a closed checkpoint answers nothing')
  assert.deepEqual(answers.values, first.slice(1, 4))
  await check()
})

test('a refusal is an error with its kind, file and place', async () => {
  const { page, check } = await viewer.open()
  const error = await page.evaluate(async ({ name, base64 }) => {
    const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
    const error = await openCheckpoint(new File([bytes], name)).catch((/** @type {any} */ error) => error)
    return { isError: error instanceof Error, kind: error.kind, file: error.file, offset: error.offset, message: error.message }
  }, parcel('errors/header_truncated.safetensors'))
  assert.equal(error.isError, true)
  assert.deepEqual([error.kind, error.file, error.offset], ['malformed', 'header_truncated.safetensors', 0])
  assert.match(error.message, /header/)
  await check()
})

test('attributes and properties mirror each other, and events tell what happens', async () => {
  const { page, check } = await viewer.open()
  await page.evaluate(() => {
    const element = /** @type {any} */ (document.querySelector('param-scope'))
    const told = /** @type {any} */ (globalThis).told = /** @type {string[]} */ ([])
    for (const type of ['checkpoint-open', 'checkpoint-error', 'tensor-select', 'analysis-progress']) {
      document.addEventListener(type, () => told.push(type))
    }
    Object.assign(element, { filter: 'fc2', tensor: 'fc2.weight', bins: 20, scale: 'log', theme: 'dark', lang: 'zh' })
  })
  await drop(page, [fixture('torch/simplenn_state_dict.pt')])
  await row(page, 'fc2.weight').waitFor()
  assert.equal(await tensorRows(page).count(), 2, 'the filter holds from the start')
  await page.locator('canvas[part=canvas]').waitFor()
  await row(page, 'fc2.bias').click()
  const element = page.locator('param-scope')
  for (const [name, value] of Object.entries({ tensor: 'fc2.bias', bins: '20', scale: 'log', theme: 'dark', lang: 'zh' })) {
    assert.equal(await element.getAttribute(name), value, name)
  }
  await drop(page, [fixture('errors/zero_bytes.pt')])
  await page.locator('[part=error]').waitFor()
  const told = await page.evaluate(() => /** @type {any} */ (globalThis).told)
  assert.deepEqual(told.filter((/** @type {string} */ type) => type !== 'analysis-progress'), ['checkpoint-open', 'tensor-select', 'tensor-select', 'checkpoint-error'])
  await check()
})

test('what a file may not do to the page: every damaged file of the corpus is opened there, too', { timeout: 120_000 }, async () => {
  const { readFileSync } = await import('node:fs')
  /** @type {{ file: string, companions: string[], bytes: number, expect: string, also_ok: string[] }[]} */
  const records = JSON.parse(readFileSync(testFile('malformed/manifest.json'), 'utf8')).files
  const { page, check } = await viewer.open()
  const wrong = []
  for (const { file, companions, expect, also_ok } of records) {
    const files = [file, ...companions].map(path => ({ name: path.split('/').at(-1) ?? path, base64: readFileSync(testFile(`malformed/${path}`)).toString('base64') }))
    const outcome = await page.evaluate(async files => {
      const { openCheckpoint } = await import(new URL('paramscope.js', location.href).href)
      const given = files.map(({ name, base64 }) => new File([Uint8Array.from(atob(base64), character => character.charCodeAt(0))], name))
      try {
        const checkpoint = await openCheckpoint(given)
        let problem = false
        // Chunks are only looked at when their elements are.
        if (checkpoint.format.id === 'hdf5') {
          await checkpoint.analyze({ onProgress: (/** @type {any} */ { finished }) => { problem ||= finished.some((/** @type {any} */ { error }) => error) } })
        }
        checkpoint.close()
        return checkpoint.notes.some((/** @type {any} */ { level }) => level !== 'info') ? 'opens-with-warning' : problem ? 'error' : 'opens'
      } catch (error) {
        return /** @type {any} */ (error).kind === 'crashed' ? `crashed: ${error}` : 'error'
      }
    }, files)
    if (![expect, ...also_ok].includes(outcome)) wrong.push(`${file}: ${outcome}, expected ${expect}`)
  }
  assert.deepEqual(wrong, [])
  await check()
})
