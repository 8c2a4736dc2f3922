// Looks texts up in the catalogue of one language.

import en from '../texts/en.js'

/** @typedef {keyof typeof en} Key */
/** One text, or one for each plural category of `n` that the language has. @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text */
/** @typedef {(key: Key, values?: Record<string, string | number>, n?: number) => string} Translate */

/** A catalogue that not everyone reads is fetched by those who do. @type {Record<string, { name: string, load: () => Promise<Record<Key, Text>> }>} */
export const LANGUAGES = {
  en: { name: 'English', load: async () => en },
  zh: { name: '简体中文', load: async () => (await import('../texts/zh.js')).default },
}

/**
 * The language among ours that a tag, or else the browser, prefers.
 *
 * @param {string} [tag]
 * @returns {string}
 */
export function chooseLanguage(tag) {
  const wanted = tag ? [tag] : navigator.languages
  return wanted.map(one => one.toLowerCase().split('-')[0]).find(one => one in LANGUAGES) ?? 'en'
}

/**
 * English, if the language's own catalogue cannot be fetched.
 *
 * @param {string} lang
 * @returns {Promise<Translate>}
 */
export async function translator(lang) {
  const [texts, language] = /** @type {[Record<Key, Text>, string]} */ (await LANGUAGES[lang].load().then(texts => [texts, lang], () => [en, 'en']))
  const plural = new Intl.PluralRules(language)
  return (key, values = {}, n) => {
    const text = texts[key]
    const template = typeof text === 'string' ? text : (n === undefined ? undefined : text[plural.select(n)]) ?? text.other ?? ''
    return template.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole)
  }
}
