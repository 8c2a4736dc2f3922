// The catalogues say the same things in every language.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { testFile } from './harness.js'

const WWW = testFile('../www')

/** @param {string} language @returns {Promise<Record<string, unknown>>} */
async function catalogue(language) {
  const module = await import(`${WWW}/texts/${language}.js`)
  return module.default ?? Object.values(module)[0]
}

test('every text is in both languages', async () => {
  const [english, chinese] = [await catalogue('en'), await catalogue('zh')]
  assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort())
  for (const [key, text] of Object.entries({ ...english, ...chinese })) {
    assert.ok(typeof text !== 'string' || text.trim() !== '', `${key} is empty`)
  }
})

test('every text is used', async () => {
  const modules = readdirSync(WWW, { recursive: true }).map(String).filter(name => name.endsWith('.js') && !name.startsWith('texts'))
  const code = modules.map(name => readFileSync(`${WWW}/${name}`, 'utf8')).join('\n')
  for (const key of Object.keys(await catalogue('en'))) {
    assert.ok(new RegExp(`['"\`]${key}['"\`]`).test(code), `${key} is used nowhere`)
  }
})

test('no text promises what nobody can', async () => {
  for (const language of ['en', 'zh']) assert.doesNotMatch(JSON.stringify(await catalogue(language)), /\bsafe(ty|ly)?\b|安全/i)
})
