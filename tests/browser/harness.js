// What the end-to-end tests share: the built site, one Chromium, and a record of everything that a page asks for.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { serve } from './server.js'

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ name: string, bytes: Buffer }} Upload */

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SITE = `${ROOT}dist/site`
const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** @param {string} path below tests/ */
export const testFile = path => `${ROOT}tests/${path}`

/** @param {string} path below tests/fixtures @returns {Upload} */
export const fixture = path => ({ name: path.split('/').at(-1) ?? path, bytes: readFileSync(testFile(`fixtures/${path}`)) })

/** @param {string} path a fixture's @returns {any} what its framework says of it */
export const golden = path => JSON.parse(readFileSync(testFile(`golden/${path}.json`), 'utf8'))

/**
 * A safetensors file of float32 tensors.
 *
 * @param {Record<string, { shape: number[], values: Float32Array }>} tensors
 */
export function safetensors(tensors) {
  let end = 0
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const begin = end
    end += values.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return { name: 'made.safetensors', bytes: Buffer.concat([length, header, ...Object.values(tensors).map(({ values }) => Buffer.from(values.buffer))]) }
}

/** The site and a browser, until `stop` is called. */
export async function start() {
  for (const needed of [`${SITE}/wasm/core_bg.wasm`, CHROMIUM]) {
    assert.ok(existsSync(needed), `${needed} is missing; \`cargo xtask test browser\` makes it`)
  }
  const { url, stop } = await serve(SITE)
  const own = new Set(addresses(url))
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  /**
   * A new page of the viewer; `check` closes it and fails if it asked for anything but the site's own files, broke its
   * policy or logged an error.
   *
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options })
    const page = await context.newPage()
    const recorded = record(page, own)
    await page.goto(`${url}/`)
    await page.locator('[part=drop-target]').waitFor()
    const check = async () => {
      await context.close()
      assert.deepEqual(recorded, [], 'what the page should not have done')
    }
    return { page, check, recorded }
  }
  return { url, open, stop: async () => { await browser.close(); await stop() } }
}

/**
 * Every address of the site: its files', and the page's own without the name of its file.
 *
 * @param {string} url
 */
const addresses = url => ['', ...readdirSync(SITE, { recursive: true })].map(path => `${url}/${path}`)

/**
 * A growing list of what a page should not do.
 *
 * @param {Page} page
 * @param {Set<string>} own addresses that it may ask for, exactly: a query could carry something away, even to its host
 * @returns {string[]}
 */
function record(page, own) {
  /** @type {string[]} */
  const recorded = []
  page.context().on('request', request => {
    const [address] = request.url().split('#')
    const local = address.startsWith('blob:') || address.startsWith('data:')
    if (!(local || own.has(address)) || request.method() !== 'GET') recorded.push(`${request.method()} ${address}`)
  })
  page.on('websocket', socket => recorded.push(`websocket ${socket.url()}`))
  page.on('pageerror', error => recorded.push(`error ${error.message}`))
  page.on('console', message => {
    // Violations of the policy are told there, too.
    if (message.type() === 'error' || message.type() === 'warning') recorded.push(`console ${message.text()}`)
  })
  return recorded
}

/**
 * Drops files onto the element, as a person does.
 *
 * @param {Page} page
 * @param {Upload[]} files
 */
export async function drop(page, files) {
  const parcel = files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') }))
  await page.evaluate(parcel => {
    const transfer = new DataTransfer()
    for (const { name, base64 } of parcel) {
      const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
      transfer.items.add(new File([bytes], name))
    }
    const target = document.querySelector('param-scope')?.shadowRoot?.querySelector('[part=root]')
    for (const type of ['dragenter', 'dragover', 'drop']) {
      target?.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
    }
  }, parcel)
}

/**
 * Drops a file or a whole folder of this machine, as the browser itself hands them over.
 *
 * @param {Page} page
 * @param {string} path
 */
export async function dropPath(page, path) {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data })
  }
  await session.detach()
}

/** @param {Page} page @param {string} name */
export const row = (page, name) => page.locator(`[role=row][data-name=${JSON.stringify(name)}]`)

/** @param {Page} page the first row, a module's or a tensor's */
export const anyRow = page => page.locator('[role=row][data-name]').first()

/** @param {Page} page the rows that are tensors, by their full names */
export const tensorRows = page => page.locator('[role=row][data-name]:not(.group)')

/**
 * What a click downloads.
 *
 * @param {Page} page
 * @param {() => Promise<void>} act
 */
export async function download(page, act) {
  const [saved] = await Promise.all([page.waitForEvent('download'), act()])
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) }
}

/** The memory, in bytes, that the browser's renderers have to themselves. @param {number} [parent] this process */
export function rendererMemory(parent = process.pid) {
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const of = (/** @type {string} */ key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
      return [{ id: Number(name), parent: of('PPid'), name }]
    } catch {
      return []
    }
  })
  const ours = new Set([parent])
  // Children are started after their parents, but ids may wrap: go over the list until nothing is added.
  for (let before = 0; before !== ours.size;) {
    before = ours.size
    for (const { id, parent } of processes) if (ours.has(parent)) ours.add(id)
  }
  let bytes = 0
  for (const { id } of processes.filter(({ id }) => ours.has(id))) {
    try {
      if (!readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('--type=renderer')) continue
      const rollup = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8')
      bytes += 1024 * Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
    } catch {
      // It ended meanwhile.
    }
  }
  assert.ok(bytes > 0, 'no renderer was found')
  return bytes
}
