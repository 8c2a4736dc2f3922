// Looks texts up in the catalogue of one language.

import en from '../texts/en.js'
import zh from '../texts/zh.js'

/** @typedef {keyof typeof en} Key */
/** One text, or one for each plural category of `n` that the language has. @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text */
/** @typedef {(key: Key, values?: Record<string, string | number>, n?: number) => string} Translate */

/** @type {Record<string, { name: string, texts: Record<Key, Text> }>} */
export const LANGUAGES = { en: { name: 'English', texts: en }, zh: { name: '简体中文', texts: zh } }

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
 * @param {string} lang
 * @returns {Translate}
 */
export function translator(lang) {
  const { texts } = LANGUAGES[lang]
  const plural = new Intl.PluralRules(lang)
  return (key, values = {}, n) => {
    const text = texts[key]
    const template = typeof text === 'string' ? text : (n === undefined ? undefined : text[plural.select(n)]) ?? text.other ?? ''
    return template.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole)
  }
}
