// What is wrong in a checkpoint, as a person meets it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { anyRow, drop, fixture, start, testFile } from './harness.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** @param {string} path @returns {{ rule: string, tensor: string }[]} */
const planted = path => JSON.parse(readFileSync(testFile(`golden/${path}.planted.json`), 'utf8'))

/** @param {import('playwright-core').Page} page @param {string} path */
async function openHealth(page, path) {
  await drop(page, [fixture(path)])
  await anyRow(page).waitFor()
  await page.locator('[data-tab=health]').click()
  await page.locator('[part=health-summary]').waitFor()
}

for (const ending of ['safetensors', 'pt', 'h5']) {
  test(`all faults of faulty.${ending} are listed, and by keyboard one gets to their tensors`, async () => {
    const { page, check } = await viewer.open()
    await openHealth(page, `health/faulty.${ending}`)
    await page.locator('[data-action=analyse-health]').press('Enter')
    const faults = planted(`health/faulty.${ending}`)
    const found = page.locator('[part=health-group] [data-name]')
    await page.locator('[part=footer]', { hasNot: page.locator('progress') }).waitFor()
    await page.waitForFunction(count => document.querySelector('param-scope')?.shadowRoot?.querySelectorAll('[part=health-group] [data-name]').length === count, faults.length)
    const listed = await found.evaluateAll(rows => rows.map(row => `${row.getAttribute('data-rule')} ${row.getAttribute('data-name')}`))
    assert.deepEqual(listed.sort(), faults.map(({ rule, tensor }) => `${rule} ${tensor}`).sort())
    // The gravest come first, and the tab says how many there are.
    assert.deepEqual(await page.locator('[part=health-group]').evaluateAll(groups => groups.slice(0, 3).map(group => group.getAttribute('data-rule'))), ['nan', 'infinite', 'negative-variance'])
    const grave = faults.filter(({ rule }) => rule !== 'tied').length - (await page.locator('[part=health-group].info[data-rule=untouched] [data-name]').count())
    assert.equal(Number(await page.locator('[part=health-badge].danger').innerText()), grave)
    await found.first().focus()
    for (const key of ['End', 'Home', 'Enter']) await page.keyboard.press(key)
    const fault = faults.find(({ rule }) => rule === 'nan')
    await page.locator('[part=tensor-name]', { hasText: fault?.tensor }).waitFor()
    await page.locator('[part=tensor-findings] [data-rule=nan]', { hasText: 'at [3, 7]' }).waitFor()
    await page.locator('[role=treegrid]:focus').waitFor()
    await check()
  })
}

test('a file without faults says so, and what was looked for; the report has the findings', async () => {
  const { page, check } = await viewer.open()
  await openHealth(page, 'torch/simplenn_state_dict.pt')
  await page.locator('[data-action=analyse-health]').click()
  await page.locator('[part=health-empty]', { hasText: 'Nothing found' }).waitFor()
  assert.ok(await page.locator('[part=health-empty] [data-rule]').count() > 15)
  assert.equal(await page.locator('[part=health-badge]').isVisible(), false)
  await drop(page, [fixture('health/faulty.safetensors')])
  await page.locator('[part=file-name]', { hasText: 'faulty' }).waitFor()
  const report = await page.evaluate(() => /** @type {any} */ (document.querySelector('param-scope')).checkpoint.analyze())
  const nan = report.health.find((/** @type {any} */ finding) => finding.rule === 'nan')
  assert.deepEqual([nan.tensor, nan.place, nan.figure, nan.level], ['layers.0.attn.q_proj.weight', { index: [3, 7] }, 2, 'danger'])
  await check()
})

test('findings are told in Chinese, and fit into 400 pixels', async () => {
  const { page, check } = await viewer.open({ viewport: { width: 400, height: 800 }, locale: 'zh-CN' })
  await openHealth(page, 'health/faulty.pt')
  await page.locator('[data-action=analyse-health]').click()
  await page.locator('[part=health-group]', { hasText: '方差为负' }).waitFor()
  const beyond = await page.locator('[part=health]').evaluate(tab => {
    const edge = tab.getBoundingClientRect().right
    return [...tab.querySelectorAll('*')].filter(part => part.getBoundingClientRect().right > edge + 1).length
  })
  assert.equal(beyond, 0)
  await check()
})

test('the catalogues of findings say the same things in every language', async () => {
  const [en, zh] = await Promise.all(['en', 'zh'].map(async language => (await import(`${testFile('../www')}/texts/health/${language}.js`)).default))
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort())
  assert.deepEqual(Object.keys(zh.rules), Object.keys(en.rules))
  const blanks = (/** @type {unknown} */ text) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g))].sort()
  for (const rule of Object.keys(en.rules)) assert.deepEqual(blanks(zh.rules[rule]), blanks(en.rules[rule]), rule)
})
