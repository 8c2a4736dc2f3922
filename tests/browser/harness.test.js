// The end-to-end tests believe their recorder and their server; here these are tested themselves.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { drop, fixture, start, tensorRows } from './harness.js'
import { serve } from './server.js'

/** @type {Awaited<ReturnType<typeof start>>} */
let viewer
before(async () => { viewer = await start() })
after(() => viewer?.stop())

/** Waits until the record has such an entry, and fails if it never comes. @param {string[]} recorded @param {RegExp} what */
async function noticed(recorded, what) {
  for (let tries = 0; tries < 50 && !recorded.some(entry => what.test(entry)); tries++) await new Promise(later => setTimeout(later, 100))
  assert.ok(recorded.some(entry => what.test(entry)), `${what} is not in ${JSON.stringify(recorded)}`)
}

test('a request of the page to anywhere else is stopped by the policy, and noticed', async () => {
  const { page, check, recorded } = await viewer.open()
  const answer = await page.evaluate(() => fetch('https://example.invalid/').then(() => 'answered', () => 'refused'))
  assert.equal(answer, 'refused')
  await noticed(recorded, /Content Security Policy/)
  await assert.rejects(check(), /should not have done/)
})

test('a request of the worker is noticed, too', async () => {
  const { page, check, recorded } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_state_dict.pt')])
  await tensorRows(page).first().waitFor()
  await page.workers()[0].evaluate(url => fetch(url).then(() => {}), `${viewer.url}/index.html?carried=away`)
  await noticed(recorded, /carried=away/)
  await assert.rejects(check(), /should not have done/)
})

test('a request of the worker to anywhere else is stopped by the policy', async () => {
  const { page, check } = await viewer.open()
  await drop(page, [fixture('torch/simplenn_state_dict.pt')])
  await tensorRows(page).first().waitFor()
  const directive = await page.workers()[0].evaluate(() => new Promise(done => {
    addEventListener('securitypolicyviolation', event => done(event.effectiveDirective))
    fetch('https://example.invalid/').then(() => done('answered'), () => setTimeout(() => done('failed, but not by the policy'), 1000))
  }))
  assert.equal(directive, 'connect-src')
  await check()
})

for (const [what, ask] of /** @type {[string, () => Promise<unknown>][]} */ ([
  ['a query to the own host', () => fetch('index.html?carried=away')],
  ['sending to the own host', () => fetch('index.html', { method: 'POST', body: 'carried away' })],
  ['a file that is not of the site', () => fetch('elsewhere.json')],
])) {
  test(`${what} is noticed`, async () => {
    const { page, check, recorded } = await viewer.open()
    await page.evaluate(ask)
    await noticed(recorded, /carried=away|POST|elsewhere/)
    await assert.rejects(check(), /should not have done/)
  })
}

test('an error in the page is noticed', async () => {
  const { page, check, recorded } = await viewer.open()
  await page.evaluate(() => { setTimeout(() => { throw new Error('planted') }) })
  await noticed(recorded, /error planted/)
  await assert.rejects(check(), /should not have done/)
})

test('the server tells types, keeps to its folder, and outlives addresses that are none', async () => {
  const top = mkdtempSync(join(tmpdir(), 'paramscope-'))
  mkdirSync(join(top, 'site'))
  writeFileSync(join(top, 'secret'), '')
  for (const name of ['index.html', 'a.js', 'a.wasm', 'a.pt']) writeFileSync(join(top, 'site', name), name)
  const { url, stop } = await serve(join(top, 'site'))
  /** The status and type of an answer; `fetch` would tidy the path first. @param {string} path @returns {Promise<string>} */
  const answer = path => new Promise((done, failed) => {
    const { hostname, port } = new URL(url)
    request({ hostname, port, path }, response => {
      response.resume()
      done(`${response.statusCode} ${response.headers['content-type']}`)
    }).on('error', failed).end()
  })
  try {
    assert.equal(await answer('/'), '200 text/html; charset=utf-8')
    assert.equal(await answer('/a.js?query'), '200 text/javascript; charset=utf-8')
    assert.equal(await answer('/a.wasm'), '200 application/wasm')
    assert.equal(await answer('/a.pt'), '200 application/octet-stream')
    for (const path of ['/../secret', '/..%2fsecret', '/%2e%2e/secret', '//secret', '/site/..%2f..%2fsecret', '/%', '/%00', '/a.js/', '*']) {
      assert.match(await answer(path), /^404/, path)
    }
  } finally {
    await stop()
    rmSync(top, { recursive: true })
  }
})
