// The main job, as a person does it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { download, drop, fixture, golden, row, safetensors, start, tensorRows, testFile } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

const SIMPLENN = 'torch/simplenn_state_dict.pt'

test('drop, filter, click, look at the histogram, export it', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture(SIMPLENN)])
  await tensorRows(page).first().waitFor()
  assert.equal(await tensorRows(page).count(), 4)
  await page.keyboard.press('/')
  await page.keyboard.type('fc1')
  await page.locator('[part=hits]', { hasText: '2 of 4' }).waitFor()
  assert.equal(await tensorRows(page).count(), 2)
  await row(page, 'fc1.weight').click()
  const canvas = page.locator('canvas[part=canvas]')
  await canvas.waitFor()

  const expected = golden(SIMPLENN).tensors.find((/** @type {any} */ tensor) => tensor.name === 'fc1.weight').stats
  const csv = await download(page, () => page.locator('[data-export=csv]').click())
  const rows = csv.bytes.toString().trim().split('\n').slice(1).map(line => line.split(',').map(Number))
  assert.deepEqual(rows.map(([, , count]) => count), expected.hist.counts)
  assert.deepEqual([...rows.map(([low]) => low), rows[49][1]], expected.hist.edges)

  // The canvas shows a bar in every bin that has values, and nothing where there are none.
  const columns = await canvas.evaluate((/** @type {HTMLCanvasElement} */ canvas, counts) => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
    const blue = (/** @type {number} */ x, /** @type {number} */ y) => {
      const at = (y * width + x) * 4
      return data[at + 2] - data[at] > 60
    }
    const filled = Array.from({ length: width }, (_, x) => Array.from({ length: height }, (_, y) => Number(blue(x, y))).reduce((a, b) => a + b))
    const left = filled.findIndex(count => count > 0)
    const right = filled.findLastIndex(count => count > 0)
    const bin = (right - left + 1) / counts.length
    return counts.map((/** @type {number} */ _, /** @type {number} */ index) => filled[Math.round(left + (index + 0.4) * bin)])
  }, expected.hist.counts)
  const most = Math.max(...expected.hist.counts)
  const tallest = Math.max(...columns)
  for (const [bin, count] of expected.hist.counts.entries()) {
    assert.ok(Math.abs(columns[bin] / tallest - count / most) < 0.05, `bin ${bin} of ${count} values is drawn ${columns[bin]} of ${tallest} high`)
  }

  const png = await download(page, () => page.locator('[data-export=png]').click())
  assert.deepEqual([...png.bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
  const svg = await download(page, () => page.locator('[data-export=svg]').click())
  assert.match(svg.bytes.toString(), /<svg[^]*fc1\.weight[^]*<\/svg>/)
  await page.locator('[part=more-menu]').click()
  const report = await download(page, () => page.getByRole('menuitem').first().click())
  const { schema, tensors } = JSON.parse(report.bytes.toString())
  assert.equal(schema, 'paramscope-report/1')
  assert.deepEqual(tensors[0].histogram.counts, expected.hist.counts)
  assert.equal(tensors[0].summary.max, expected.max)
  await check()
})

test('the summary shows what the framework says', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('safetensors/special_values.safetensors')])
  await row(page, 'f32').click()
  const stats = page.locator('[part=stats]')
  await stats.waitFor()
  const text = (await stats.innerText()).replaceAll('\n', ' ')
  assert.match(text, /NaN · ±Inf 1 · 2/)
  assert.match(text, /zeros 2/i)
  assert.match(text, /3\.403e\+?38/)
  await check()
})

test('a broken file is told and the open checkpoint stays', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture(SIMPLENN)])
  await row(page, 'fc1.weight').waitFor()
  await drop(page, [fixture('errors/header_truncated.safetensors')])
  const error = page.locator('[part=error]')
  await error.waitFor()
  assert.match(await error.innerText(), /header[^]*header_truncated\.safetensors/)
  assert.equal(await row(page, 'fc1.weight').count(), 1)
  await row(page, 'fc2.bias').click()
  await page.locator('canvas[part=canvas]').waitFor()
  await check()
})

test('an unknown file is refused with what it looks like', async () => {
  const { page, check } = await viewer.open()
  for (const [name, bytes, says] of /** @type {const} */ ([
    ['model.pt', '<!DOCTYPE html><html>', /HTML/],
    ['model.safetensors', 'version https://git-lfs.github.com/spec/v1\noid', /LFS/],
    ['model.bin', '\x89PNG\r\n\x1a\n', /PNG/],
  ])) {
    await drop(page, [{ name, bytes: Buffer.from(bytes, 'latin1') }])
    await page.locator('[part=error]', { hasText: says }).filter({ hasText: name }).waitFor()
  }
  await check()
})

test('an error is dismissed with Escape, and a menu gives the focus back', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [{ name: 'model.pt', bytes: Buffer.from('<!DOCTYPE html><html>') }])
  const error = page.locator('[part=error]')
  await error.waitFor()
  await page.keyboard.press('Escape')
  await error.waitFor({ state: 'detached' })
  await drop(page, [fixture(SIMPLENN)])
  await row(page, 'fc1.weight').waitFor()
  const button = page.locator('[part=more-menu]')
  await button.focus()
  await page.keyboard.press('Enter')
  const item = page.getByRole('menuitem').first()
  await item.waitFor()
  assert.ok(await item.evaluate(item => item.matches(':focus')))
  await page.keyboard.press('Escape')
  await item.waitFor({ state: 'hidden' })
  assert.ok(await button.evaluate(button => button.matches(':focus')))
  await check()
})

test('what is missing or cannot be read is said instead of a histogram', async () => {
  const { page, check } = await viewer.open()
  const details = page.locator('[part=details]')
  const trouble = page.locator('[part=trouble]')
  const cell = (/** @type {string} */ name, /** @type {string} */ column) => row(page, name).locator(`.${column}`).innerText()
  await drop(page, ['model.safetensors.index.json', 'model-00001-of-00002.safetensors'].map(name => fixture(`errors/missing_shard/${name}`)))
  await row(page, 'b').click()
  await trouble.getByText('It lies in model-00002-of-00002.safetensors, which is missing.').waitFor()
  for (const column of ['shape', 'dtype', 'parameters', 'bytes', 'share']) assert.equal(await cell('b', column), '—', column)
  assert.deepEqual(await details.locator('.chip').allInnerTexts(), ['missing: model-00002-of-00002.safetensors'])
  await page.locator('.python').waitFor({ state: 'hidden' })
  assert.equal(await details.locator('figure, .controls').count(), 0)

  // What a file tells of a tensor is shown though its elements are missing.
  await drop(page, [fixture('errors/missing_storage.pt')])
  await row(page, 'w').click()
  await trouble.getByText('It lies in archive/data/0, which is missing.').waitFor()
  assert.equal(await trouble.getByText('open it').count(), 0)
  assert.equal(await cell('w', 'dtype'), 'f32')
  assert.equal(await cell('w', 'shape'), '20 × 20')

  await drop(page, [fixture('numpy/object.npy')])
  await row(page, '').click()
  await trouble.getByText('Its elements are Python objects').waitFor()
  assert.equal(await cell('', 'bytes'), '—')
  await check()
})

test('a tensor without a name is said to be all there is; of complex numbers the magnitudes are shown', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('numpy/complex64.npy')])
  assert.equal(await row(page, '').locator('.text').innerText(), '(top level)')
  await row(page, '').click()
  assert.equal(await page.locator('[part=tensor-name]').innerText(), '(top level)')
  const svg = await download(page, () => page.locator('[data-export=svg]').click())
  assert.equal(svg.name, 'tensor.histogram.svg')
  assert.match(svg.bytes.toString(), /\(top level\)[^]*\|value\|/)
  await page.getByText('of their magnitudes').waitFor()
  assert.equal(await page.locator('[data-action=analyse]').isVisible(), false, 'nothing is left to analyse')
  await check()
})

test('bins, range and a logarithmic count are the person’s to choose', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('safetensors/histogram_edges.safetensors')])
  await row(page, 'normal_10k').click()
  await page.locator('canvas[part=canvas]').waitFor()
  const counts = async () => {
    const csv = await download(page, () => page.locator('[data-export=csv]').click())
    return csv.bytes.toString().trim().split('\n').slice(1).map(line => Number(line.split(',')[2]))
  }
  await page.locator('[part=bins]').fill('10')
  await page.locator('[part=bins]').press('Enter')
  await page.locator('[part=plot-summary]', { hasText: '10 bins' }).waitFor()
  const ten = await counts()
  assert.equal(ten.length, 10)
  assert.equal(ten.reduce((sum, count) => sum + count), 5000)
  await page.locator('[part=log]').check()
  await page.locator('[data-range=low]').fill('-1')
  await page.locator('[data-range=high]').fill('1')
  await page.locator('[data-range=high]').press('Enter')
  await page.locator('[part=plot-summary]', { hasText: '−1 to 1' }).waitFor()
  const within = (await counts()).reduce((sum, count) => sum + count)
  assert.ok(within > 3200 && within < 3600, `${within} of 5000 normal values lie within one deviation`)
  await check()
})

/** @param {import('playwright-core').Page} page @returns {Promise<{ head: string, rows: number[][] }>} */
async function table(page) {
  const { bytes } = await download(page, () => page.locator('[data-export=csv]').click())
  const [head, ...rows] = bytes.toString().trim().split('\n')
  return { head, rows: rows.map(line => line.split(',').map(Number)) }
}

const STATISTICS = 'statistics/ill_conditioned.safetensors'

/** @param {string} name */
const statistics = name => golden(`${STATISTICS}.statistics`).tensors.find((/** @type {any} */ tensor) => tensor.name === name)

test('a range by percentiles is NumPy’s, and what lies outside is counted', async () => {
  const { page, check } = await viewer.open()
  const { n, percentiles } = statistics('normal_bf16')
  await drop(page, [fixture(STATISTICS)])
  await row(page, 'normal_bf16').click()
  const summary = page.locator('[part=plot-summary]')
  await summary.waitFor()
  const all = (await table(page)).rows.reduce((sum, [, , count]) => sum + count, 0)
  assert.equal(all, n)
  const values = await page.evaluate(async () => {
    const { checkpoint } = /** @type {any} */ (document.querySelector('param-scope'))
    return checkpoint.values(checkpoint.tensors.findIndex((/** @type {any} */ { name }) => name === 'normal_bf16'))
  })
  for (const [cut, low, high] of /** @type {const} */ ([['99.8', 0, 8], ['98', 1, 7]])) {
    await page.locator('[part=range]').selectOption(cut)
    const below = values.filter((/** @type {number} */ value) => value < percentiles[low]).length
    const above = values.filter((/** @type {number} */ value) => value > percentiles[high]).length
    assert.ok(below > 0 && above > 0)
    await summary.getByText(`${below} values lie below and ${above} above.`).waitFor()
    const { rows } = await table(page)
    assert.deepEqual([rows[0][0], rows[49][1]], [percentiles[low], percentiles[high]])
    assert.equal(rows.reduce((sum, [, , count]) => sum + count, 0), n - below - above)
    const svg = await download(page, () => page.locator('[data-export=svg]').click())
    assert.match(svg.bytes.toString(), new RegExp(`\\(${below} below, ${above} above\\)`))
  }
  await page.locator('[part=range]').selectOption('all')
  await summary.getByText('lie below').waitFor({ state: 'detached' })
  assert.equal((await table(page)).rows.reduce((sum, [, , count]) => sum + count, 0), n)
  await check()
})

test('magnitudes are counted by powers of two, and zeros apart', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture(STATISTICS)])
  await row(page, 'heavy').click()
  await page.locator('[data-choice=magnitudes]').click()
  await page.locator('[part=plot-summary]', { hasText: 'powers of two' }).waitFor()
  const { rows } = await table(page)
  const counts = Object.fromEntries(rows.filter(([, , count]) => count > 0).map(([low, , count]) => [Math.log2(low), count]))
  assert.deepEqual(counts, statistics('heavy').exponents)
  assert.ok(rows.every(([low, high]) => high === 2 * low))
  assert.equal(await page.locator('[part=bins]').isVisible(), false)
  await page.locator('.plot').focus()
  await page.keyboard.press('Home')
  assert.match(await page.locator('[part=tooltip]').innerText(), /2\^−\d+ ≤ \|x\| < 2\^−\d+/)

  await drop(page, [fixture('safetensors/special_values.safetensors')])
  await row(page, 'f32').click()
  await page.locator('[data-choice=magnitudes]').click()
  await page.locator('[part=plot-summary]', { hasText: 'f32 has 2 zeros besides.' }).waitFor()
  await check()
})

test('several tensors are compared on one axis', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture(STATISTICS)])
  await row(page, 'heavy').click()
  const summary = page.locator('[part=plot-summary]')
  const input = page.locator('[part=compare]')
  await summary.waitFor()
  await input.fill('normal')
  assert.deepEqual(await page.locator('#comparable option').evaluateAll(options => options.map(option => /** @type {HTMLOptionElement} */ (option).value)), ['normal_bf16'])
  await input.fill('normal_bf16')
  await input.press('Enter')
  await summary.getByText('Compared: heavy, normal_bf16.').waitFor()
  const svg = await download(page, () => page.locator('[data-export=svg]').click())
  // Their sizes differ, so shares are drawn.
  for (const text of ['share of values', 'heavy', 'normal_bf16']) assert.match(svg.bytes.toString(), new RegExp(`<text [^>]*>\\s*${text}\\s*</text>`))
  const { head, rows } = await table(page)
  assert.equal(head, 'low,high,heavy,normal_bf16')
  const [first, second] = ['heavy', 'normal_bf16'].map(statistics)
  assert.deepEqual([rows[0][0], rows[49][1]], [Math.min(first.min, second.min), Math.max(first.max, second.max)])
  for (const [at, { n }] of [first, second].entries()) assert.equal(rows.reduce((sum, row) => sum + row[2 + at], 0), n)
  await page.locator('.plot').focus()
  await page.keyboard.press('Home')
  assert.match(await page.locator('[part=tooltip]').innerText(), /heavy: \d+ values?, [^]*normal_bf16: 0 values/)

  await input.fill('no such name')
  await input.press('Enter')
  await page.locator('.compare [role=alert]', { hasText: 'no such name' }).waitFor()
  await page.getByRole('button', { name: 'Remove normal_bf16' }).click()
  await summary.getByText('Compared').waitFor({ state: 'detached' })
  assert.equal((await table(page)).head, 'low,high,count')
  for (const name of ['wide', 'tiny', 'tenths', 'skewed']) {
    await input.fill(name)
    await input.press('Enter')
    await summary.getByText(name, { exact: false }).waitFor()
  }
  assert.equal(await input.isVisible(), false, 'five are enough')
  await check()
})

test('a legend says what long names differ in', async () => {
  const { page, check } = await viewer.open()
  const names = [0, 11].map(layer => `model.transformer.layers.${layer}.self_attention.q_proj.weight`)
  await drop(page, [safetensors('layers.safetensors', Object.fromEntries(names.map(name => [name, { shape: [4], values: Float32Array.of(1, 2, 3, 4) }])))])
  await row(page, names[0]).click()
  await page.locator('[part=compare]').fill(names[1])
  await page.locator('[part=compare]').press('Enter')
  await page.locator('[part=plot-summary]', { hasText: `Compared: ${names.join(', ')}.` }).waitFor()
  const svg = (await download(page, () => page.locator('[data-export=svg]').click())).bytes.toString()
  for (const text of ['…layers.0…', '…layers.11…', 'count']) assert.match(svg, new RegExp(`<text [^>]*>\\s*${text}\\s*</text>`))
  assert.equal((await table(page)).head, `low,high,${names.join(',')}`)
  await check()
})

test('the grid has every figure, and where the extremes and the first that is not finite are', async () => {
  const { page, check } = await viewer.open()
  const stat = (/** @type {string} */ id) => page.locator(`[data-stat=${id}]`)
  const told = (/** @type {string} */ text) => Number(text.replaceAll('−', '-').replaceAll('\u202f', ''))
  await drop(page, [fixture('statistics/nonfinite.safetensors')])
  const expected = golden('statistics/nonfinite.safetensors.statistics').tensors.find((/** @type {any} */ tensor) => tensor.name === 'f32')
  await row(page, 'f32').click()
  await stat('min').waitFor()
  const place = (/** @type {number} */ at) => `[${Math.floor(at / 20)}, ${at % 20}]`
  assert.equal(await stat('min').locator('.place').innerText(), place(expected.argmin))
  assert.equal(await stat('max').locator('.place').innerText(), place(expected.argmax))
  assert.equal(await stat('nan').locator('.place').innerText(), place(Math.min(expected.first_nan, expected.first_posinf, expected.first_neginf)))
  for (const [id, key] of /** @type {const} */ ([['abs-mean', 'abs_mean'], ['skewness', 'skewness'], ['kurtosis', 'kurtosis']])) {
    assert.equal(told(await stat(id).locator('dd').innerText()), Number(expected[key].toPrecision(4)), id)
  }
  const percentiles = await page.locator('[data-percent] dd').allInnerTexts()
  assert.deepEqual(percentiles.map(told), expected.percentiles.map((/** @type {number} */ value) => Number(value.toPrecision(3))))
  assert.equal(await stat('subnormal').count(), 0)
  await drop(page, [fixture('statistics/subnormals.safetensors')])
  await row(page, 'f32_only').click()
  await stat('subnormal').getByText('3').waitFor()
  await check()
})

test('where a tensor lies and who shares its storage', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/views.pt')])
  await row(page, 'tied.embedding').click()
  await page.locator('[data-tab=where]').click()
  const where = page.locator('[part=details]')
  for (const text of ['views/data/0', 'cpu', 'tied.lm_head', 'torch.load("views.pt", map_location="cpu", weights_only=True)']) {
    await where.getByText(text, { exact: false }).first().waitFor()
  }
  await check()
})

test('an optimizer’s state and buffers are counted apart from the parameters', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/lightning.ckpt')])
  const count = page.locator('[data-fact=parameters]')
  await count.getByText('parameters · 138 of the optimizer').waitFor()
  assert.equal(await count.locator('b').textContent(), '69')
  await drop(page, [fixture('torch/module_kinds.pt')])
  await count.getByText('in buffers').waitFor()
  await check()
})

test('packed files of every kind are opened', async () => {
  const { page, check } = await viewer.open()
  for (const name of ['gzip.pkl.gz', 'joblib_zlib.joblib', 'joblib_bz2.joblib', 'joblib_xz.joblib', 'joblib_lzma.joblib', 'joblib_lz4.joblib']) {
    await drop(page, [fixture(`pickle/${name}`)])
    await page.locator('[part=file-name]', { hasText: name }).waitFor()
    const tensors = await page.locator('[data-fact=tensors] b').textContent()
    assert.equal(Number(tensors), golden(`pickle/${name}`).tensors.length, name)
  }
  await check()
})

test('decoders that cannot be fetched are told in a sentence, and the open checkpoint stays', async () => {
  const { page, recorded } = await viewer.open()
  await drop(page, [fixture(SIMPLENN)])
  await tensorRows(page).first().waitFor()
  await page.route(/unpack/, route => route.abort())
  await drop(page, [fixture('pickle/gzip.pkl.gz')])
  await page.locator('[part=error]', { hasText: 'The decoder of packed files could not be fetched' }).waitFor()
  assert.equal(await tensorRows(page).count(), 4)
  // The browser itself tells of the request that was stopped, and nothing else went wrong.
  assert.ok(recorded.every(line => line.includes('ERR_FAILED')), recorded.join())
  await page.context().close()
})

test('pictures that cannot be drawn are told in a sentence beside the figures, and are tried again', async () => {
  const { page, recorded } = await viewer.open()
  await page.route(/plots/, route => route.abort())
  await drop(page, [fixture(SIMPLENN)])
  await row(page, 'fc1.weight').click()
  await page.locator('.figure-body', { hasText: 'What draws pictures could not be fetched' }).waitFor()
  await page.locator('[part=stats]').waitFor()
  await page.unroute(/plots/)
  await row(page, 'fc2.bias').click()
  await page.locator('canvas[part=canvas]').waitFor()
  assert.ok(recorded.every(line => line.includes('ERR_FAILED')), recorded.join())
  await page.context().close()
})

test('a tied tensor is marked, and leads to the one that is counted', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/views.pt')])
  await row(page, 'tied.lm_head').locator('.tied[title*="tied.embedding"]').waitFor()
  assert.equal(await page.locator('[part=rows] .tied').count(), 1)
  await row(page, 'tied.lm_head').click()
  await page.locator('[data-tab=where]').click()
  await page.locator('[data-fact=sameElements] button', { hasText: 'tied.embedding' }).click()
  await page.locator('[part=tensor-name]', { hasText: 'tied.embedding' }).waitFor()
  await check()
})

test('metadata is a tree that folds by keyboard and is filtered', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_checkpoint.pt')])
  await page.locator('[data-tab=metadata]').click()
  const tree = page.locator('[part=metadata-tree]')
  await tree.locator('.leaf', { hasText: 'betas' }).filter({ hasText: '[0.9, 0.999]' }).waitFor()
  const args = tree.locator('summary', { hasText: 'argparse.Namespace' })
  const batch = tree.locator('.leaf', { hasText: 'batch_size' }).filter({ hasText: '16' })
  await batch.waitFor()
  await args.focus()
  await page.keyboard.press('Enter')
  await batch.waitFor({ state: 'hidden' })
  await page.locator('[part=metadata-filter]').fill('batch_size')
  await batch.waitFor()
  await tree.getByText('betas').waitFor({ state: 'detached' })
  await check()
})

test('much metadata is shown a piece at a time', async () => {
  const { page, check } = await viewer.open()
  const entries = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key ${index}`, `<b>${index}</b>`]))
  const header = Buffer.from(JSON.stringify({ __metadata__: entries, a: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  await drop(page, [{ name: 'many.safetensors', bytes: Buffer.concat([length, header]) }])
  await row(page, 'a').waitFor()
  await page.locator('[data-tab=metadata]').click()
  const leaves = page.locator('[part=metadata-tree] .leaf')
  await leaves.first().waitFor()
  const few = await leaves.count()
  await page.locator('[data-action=more]').click()
  const more = await leaves.count()
  assert.ok(few < more && more < 5000, `${few}, then ${more} rows of 20000`)
  await page.locator('[part=metadata-filter]').fill('key 19999')
  await page.locator('[part=metadata-tree]', { hasText: '<b>19999</b>' }).waitFor()
  assert.equal(await leaves.count(), 1)
  await check()
})

test('what a pickle would import is told, the worst first', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('errors/malicious.pt')])
  await page.locator('[data-tab=pickles] [part=pickles-badge].danger').waitFor()
  await page.locator('[part=danger]', { hasText: 'can run code' }).getByRole('button').click()
  assert.equal(await page.locator('[data-tab=pickles]').getAttribute('aria-selected'), 'true')
  const first = page.locator('[part=pickle] tbody tr').first()
  assert.match(await first.innerText(), /system[^]*can run code/)
  await page.locator('[part=verdict]', { hasText: 'would refuse it, because of posix.system.' }).waitFor()
  await page.locator('[part=pickles]', { hasText: 'nothing was run' }).waitFor()
  // What a file is worth to whom, nobody can tell from its names.
  assert.doesNotMatch(await page.locator('[part=root]').innerText(), /\bsafe\b/i)

  await drop(page, [fixture(SIMPLENN)])
  await row(page, 'fc1.weight').waitFor()
  assert.equal(await page.locator('[part=pickles-badge], [part=danger]').count(), 0)
  await page.locator('[data-tab=pickles]').click()
  await page.locator('[part=pickles-summary]', { hasText: 'Nothing unusual' }).waitFor()
  await page.locator('[part=verdict]', { hasText: 'would accept it' }).waitFor()

  await drop(page, [fixture('safetensors/simplenn.safetensors')])
  await page.locator('[data-tab=pickles]').waitFor({ state: 'detached' })
  await check()
})

test('shards open together with their index, and a missing one is named', async () => {
  const { page, check } = await viewer.open()
  const names = ['model.safetensors.index.json', ...[1, 2, 3].map(part => `model-0000${part}-of-00003.safetensors`)]
  await drop(page, names.map(name => fixture(`safetensors/sharded/${name}`)))
  await page.locator('[part=facts]', { hasText: '14' }).waitFor()
  await drop(page, names.slice(0, 3).map(name => fixture(`safetensors/sharded/${name}`)))
  await page.locator('[part=notes-badge]').waitFor()
  await page.getByRole('tab', { name: /metadata/i }).click()
  await page.getByText(/model-00003-of-00003\.safetensors/).first().waitFor()
  await check()
})

test('a chosen folder opens', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=folder-input]').setInputFiles(testFile('fixtures/safetensors/sharded'))
  await page.locator('[part=facts]', { hasText: '14' }).waitFor()
  await check()
})

test('names are text, whatever is in them', async () => {
  const { page, check } = await viewer.open()
  await page.locator('[part=file-input]').setInputFiles(testFile('malformed/safetensors/names_hostile.safetensors'))
  const name = '<img src=x onerror=alert(1)>'
  await row(page, name).click()
  await page.locator('[part=tensor-name]', { hasText: name }).waitFor()
  await page.getByRole('button', { name: 'flat', exact: false }).or(page.locator('[data-look=flat]')).first().click()
  const shown = await page.locator('[part=rows]').innerText()
  assert.ok(!/[\u202e\u2066\u001b]/.test(shown), 'direction and control marks are escaped')
  assert.equal(await page.locator('img').count(), 0)
  await check()
})

test('the table sorts, folds and is worked by keyboard alone', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_checkpoint.pt')])
  await tensorRows(page).first().waitFor()
  const grid = page.getByRole('treegrid')
  await grid.focus()
  await page.keyboard.press('Home')
  const all = Number(await grid.getAttribute('aria-rowcount'))
  await page.keyboard.press('ArrowLeft')
  assert.ok(Number(await grid.getAttribute('aria-rowcount')) < all, 'a folded module hides its rows')
  await page.keyboard.press('ArrowRight')
  assert.equal(Number(await grid.getAttribute('aria-rowcount')), all)
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
  await page.locator('[part=tensor-name]', { hasText: 'model_state_dict.fc1.weight' }).waitFor()
  await page.locator('[data-sort=parameters]').click()
  await page.locator('[role=columnheader][aria-sort=descending]').waitFor()
  await check()
})

test('everything is analysed with progress, and the rows show it', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_checkpoint.pt')])
  await page.locator('[data-action=analyse]').click()
  await page.locator('[part=footer]', { hasText: '16 of 16' }).waitFor()
  await check()
})

test('the example of the empty page is a real checkpoint', async () => {
  const { page, check } = await viewer.open()
  await page.getByRole('button', { name: 'Try an example' }).click()
  await row(page, 'model_state_dict.fc1.weight').waitFor()
  await page.locator('[part=more-menu]').click()
  await page.getByRole('menuitem', { name: /close/i }).click()
  await page.locator('[part=drop-target]').waitFor()
  assert.equal(page.workers().length, 0, 'closing ends the worker and frees its memory')
  await check()
})

test('a reader that dies is replaced, and the checkpoint stays open', async () => {
  const { page, recorded } = await viewer.open()
  await drop(page, [fixture(SIMPLENN)])
  await row(page, 'fc1.weight').waitFor()
  await page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('planted') }) })
  await page.waitForTimeout(300)
  await row(page, 'fc2.weight').click()
  await page.locator('canvas[part=canvas]').waitFor()
  assert.deepEqual(recorded.filter(entry => !entry.includes('planted')), [])
  await page.context().close()
})

test('the language is switched while a checkpoint is open', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture(SIMPLENN)])
  await page.locator('[part=language]').selectOption('zh')
  await page.getByRole('tab', { name: '参数' }).waitFor()
  assert.equal(await tensorRows(page).count(), 4)
  await check()
})

test('the page carries its policy and asks for nothing else', async () => {
  const { page, check } = await viewer.open()
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content')
  assert.equal(policy, "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'")
  await check()
})
