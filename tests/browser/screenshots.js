// Pictures of the page for the documents: `node screenshots.js FOLDER`.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { drop, fixture, row, start } from './harness.js'

const folder = process.argv[2] ?? 'docs/screenshots'
mkdirSync(folder, { recursive: true })
const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 400, height: 860 }

/** @typedef {import('./harness.js').Page} Page */
/** @type {{ name: string, viewport: { width: number, height: number }, colorScheme: 'light' | 'dark', act?: (page: Page) => Promise<void> }[]} */
const PICTURES = [
  { name: 'empty', viewport: WIDE, colorScheme: 'light' },
  { name: 'light', viewport: WIDE, colorScheme: 'light', act: openExample },
  { name: 'dark', viewport: WIDE, colorScheme: 'dark', act: openExample },
  { name: 'layers', viewport: WIDE, colorScheme: 'light', act: openLayers },
  { name: 'narrow', viewport: NARROW, colorScheme: 'light', act: openExample },
]

/** @param {Page} page */
async function openExample(page) {
  await page.getByRole('button', { name: 'Try an example' }).click()
  await page.locator('[data-action=analyse]').click()
  await page.locator('[part=footer]', { hasText: '16 of 16' }).waitFor()
  await row(page, 'optimizer_state_dict.state.0.exp_avg').click()
  await page.locator('canvas[part=canvas]').waitFor()
  await page.waitForTimeout(200)
}

/** @param {Page} page */
async function openLayers(page) {
  await drop(page, [fixture('keras/functional.keras')])
  await page.locator('[data-tab=layers]').click()
  await page.locator('[part=layers] button').nth(8).click()
  await page.locator('canvas[part=canvas]').waitFor()
  await page.waitForTimeout(200)
}

const viewer = await start()
try {
  for (const { name, act, ...options } of PICTURES) {
    const { page, check } = await viewer.open(options)
    await act?.(page)
    await page.screenshot({ path: join(folder, `${name}.png`) })
    await check()
  }
} finally {
  await viewer.stop()
}
