// Keras and TensorFlow, as a person meets them: layers in the order of the model, and folders.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drop, dropPath, fixture, golden, row, start, tensorRows, testFile } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

for (const name of ['simplenn_uncompiled.h5', 'simplenn_uncompiled.keras', 'simplenn.weights.h5']) {
  test(`${name} shows the weights of its layers in the order of get_weights(), with their values`, async () => {
    const { page, check } = await viewer.open()
    await drop(page, [fixture(`keras/${name}`)])
    await tensorRows(page).first().waitFor()
    const weights = golden(`keras/${name}`).tensors.filter((/** @type {any} */ tensor) => tensor.extra.kind === 'weight')
    assert.equal(weights.length, 4)
    await page.locator('[data-tab=layers]').click()
    const shown = page.locator('[part=layers] button')
    assert.deepEqual(await shown.allInnerTexts().then(texts => texts.map(text => text.replace(/\s+/g, ' ').trim())), [
      '0 kernel 10 × 5', '1 bias 5', '2 kernel 5 × 2', '3 bias 2',
    ])
    const layers = page.locator('[part=layers] [data-layer]:has(button)')
    assert.deepEqual(await layers.evaluateAll(rows => rows.map(row => /** @type {HTMLElement} */ (row).dataset.layer)), ['dense', 'dense_1'])
    // By keyboard alone: to the last weight, then up a layer.
    await shown.first().focus()
    for (const key of ['End', 'Enter']) await page.keyboard.press(key)
    for (const [at, { name, values }] of [...weights.entries()].toReversed()) {
      await page.locator('[part=tensor-name]', { hasText: name }).waitFor()
      assert.equal(await shown.nth(at).getAttribute('aria-pressed'), 'true')
      const tensor = Number(await shown.nth(at).getAttribute('data-tensor'))
      const read = await page.evaluate(tensor => /** @type {any} */ (document.querySelector('param-scope')).checkpoint.values(tensor), tensor)
      assert.deepEqual(read, values)
      for (const key of ['ArrowLeft', 'Enter']) await page.keyboard.press(key)
    }
    await page.locator('[data-tab=where]').click()
    await page.locator('[data-fact=getWeights]', { hasText: 'model.get_weights()[0]' }).waitFor()
    // Only files with the model's architecture tell what its layers give.
    const outputs = name.includes('weights') ? 0 : 1
    assert.equal(await page.locator('[data-fact=layerOutput]').count(), outputs)
    await check()
  })
}

test('a SavedModel opens by dropping its folder', async () => {
  const { page, check } = await viewer.open()
  const id = 'tensorflow/savedmodel_keras3_export'
  await dropPath(page, testFile(`fixtures/${id}`))
  await tensorRows(page).first().waitFor()
  const { tensors } = golden(id)
  assert.equal(await page.locator('[part=file-name]').textContent(), 'savedmodel_keras3_export/')
  const told = await page.locator('[data-fact=tensors] b').textContent()
  assert.equal(Number(told), tensors.length)
  const weight = tensors.find((/** @type {any} */ tensor) => tensor.canon === 'f32' && tensor.stats?.std > 0)
  await row(page, weight.name).click()
  await page.locator('[part=stats]', { hasText: weight.stats.max.toPrecision(4) }).waitFor()
  // Its variables are known by their own names, too.
  await page.keyboard.press('/')
  await page.keyboard.type('dense_1/kernel')
  await page.locator('[part=hits]', { hasText: `2 of ${tensors.length}` }).waitFor()
  await page.locator('[part=rows] mark', { hasText: 'dense_1/kernel' }).first().waitFor()
  await check()
})

test('a checkpoint without its data shows its names and asks for the file', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('tensorflow/ckpt_two_shards/ckpt.index')])
  await row(page, 'n/.ATTRIBUTES/VARIABLE_VALUE').click()
  await page.locator('[part=trouble]', { hasText: /ckpt\.data-0000.*open it together with the rest/ }).waitFor()
  const notes = await page.evaluate(() => /** @type {any} */ (document.querySelector('param-scope')).checkpoint.notes)
  assert.deepEqual(notes.map((/** @type {any} */ note) => note.where), ['ckpt.data-00000-of-00002', 'ckpt.data-00001-of-00002'])
  await check()
})

test('the variables of a TensorFlow checkpoint stand in a tree of their layers', async () => {
  const { page, check } = await viewer.open()
  await dropPath(page, testFile('fixtures/tensorflow/ckpt_keras2_weights'))
  await row(page, 'layer_with_weights-0').waitFor()
  const names = page.locator('[part=rows] .name .text')
  assert.deepEqual((await names.allTextContents()).filter(name => /kernel|bias/.test(name)), ['bias', 'kernel', 'bias', 'kernel'])
  await check()
})

test('the keyboard stays with the analysis that it started', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('keras/simplenn.keras')])
  await tensorRows(page).first().waitFor()
  await page.locator('[data-action=analyse]').press('Enter')
  await page.locator('[part=footer]', { hasText: '14 of 14' }).waitFor()
  await page.locator('[role=treegrid]:focus').waitFor()
  await check()
})

test('texts are not counted as parameters', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('hdf5/strings.h5')])
  await tensorRows(page).first().waitFor()
  assert.equal(await page.locator('[data-fact=parameters]').innerText().then(text => text.replace(/\s+/g, ' ')), '0 parameters · 26 in other tensors')
  await check()
})

for (const width of [320, 400, 760, 1280]) {
  test(`layers with long names fit into ${width} pixels`, async () => {
    const { page, check } = await viewer.open({ viewport: { width, height: 800 } })
    await drop(page, [fixture('keras/recurrent.keras')])
    await page.locator('[data-tab=layers]').click()
    await page.locator('[part=layers] button').first().waitFor()
    const beyond = await page.locator('[part=layers]').evaluate(table => {
      const edge = table.parentElement?.getBoundingClientRect().right ?? 0
      return [...table.querySelectorAll('td, th, button, b')].filter(part => part.getBoundingClientRect().right > edge + 1).length
    })
    assert.equal(beyond, 0)
    await check()
  })
}

test('a reader that cannot be fetched is told in a sentence, and the open checkpoint stays', async () => {
  const { page, recorded } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_state_dict.pt')])
  await tensorRows(page).first().waitFor()
  await page.route(/full/, route => route.abort())
  await drop(page, [fixture('keras/simplenn.keras')])
  await page.locator('[part=error]', { hasText: 'The reader of this format could not be fetched' }).waitFor()
  assert.equal(await tensorRows(page).count(), 4)
  assert.ok(recorded.every(line => line.includes('ERR_FAILED')), recorded.join())
  await page.context().close()
})
