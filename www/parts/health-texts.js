// What the rules of health say, in the language of the page. Fetched with the first finding.

import en from '../texts/health/en.js'
import zh from '../texts/health/zh.js'
import { h, visible } from './dom.js'

/** @typedef {import('../types').Finding} Finding */
/** @typedef {Partial<Record<Intl.LDMLPluralRule, string>>} Plural */
/** @typedef {{ title: string, means: string, says: Plural }} RuleTexts */
/** @typedef {keyof typeof en.rules} RuleId */
/**
 * @typedef {object} HealthTexts
 * @property {Record<RuleId, RuleTexts>} rules
 * @property {Record<Finding['sure'], string>} sure
 * @property {Record<Finding['level'], Plural>} levels
 * @property {string} index
 * @property {Plural} rows
 * @property {Plural} columns
 * @property {string} needs
 * @property {string} analyse
 * @property {Plural} studied
 * @property {string} nothing
 * @property {string} checked
 * @property {Plural} more
 * @property {string} of
 */

/** @type {Record<string, HealthTexts>} */
const LANGUAGES = { en, zh }

/** Figures that are measured, not counted. */
const MEASURED = ['constant', 'near-duplicate', 'exploding', 'vanishing', 'untouched', 'outlier-channels']

export class Wording {
  #numbers
  #plural

  /** @param {import('./context.js').Context} context */
  constructor({ host, numbers }) {
    this.texts = LANGUAGES[host.language]
    this.#numbers = numbers
    this.#plural = new Intl.PluralRules(host.language)
  }

  /** @param {string} id */
  rule(id) {
    return this.texts.rules[/** @type {RuleId} */ (id)]
  }

  /**
   * @param {Plural} text
   * @param {number} n
   * @param {Record<string, string>} [values]
   */
  counted(text, n, values = { count: this.#numbers.exact(n) }) {
    return filled(text[this.#plural.select(n)] ?? text.other ?? '', values)
  }

  /** A finding in words. @param {Finding} finding */
  says({ rule, tensor, other, figure = 0, place }) {
    if (tensor === undefined) return this.counted(this.texts.more, figure)
    return this.counted(this.rule(rule).says, figure, {
      figure: MEASURED.includes(rule) ? this.#numbers.significant(figure) : this.#numbers.exact(figure),
      percent: this.#numbers.percent(figure),
      other: visible(other ?? ''),
      draw: place?.rule ?? '',
      usual: this.#numbers.shape(place?.usual ?? []),
      parameter: visible(place?.parameter ?? ''),
    })
  }

  /** Where in the tensor, if that is told. @param {Finding} finding */
  where({ place, figure = 0 }) {
    if (place?.index) return filled(this.texts.index, { at: `[${place.index.join(', ')}]` })
    for (const kind of /** @type {const} */ (['rows', 'columns'])) {
      const lines = place?.[kind]
      if (lines) return this.counted(this.texts[kind], lines.length, { at: lines.join(', ') + (figure > lines.length && Number.isInteger(figure) ? ' …' : '') })
    }
    return place?.also ? place.also.map(visible).join(', ') : ''
  }
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

/**
 * What was found in one tensor, for its details.
 *
 * @param {import('./context.js').Context} context
 * @param {Finding[]} findings
 */
export function createFindings(context, findings) {
  const wording = new Wording(context)
  return h('ul', { class: 'findings', part: 'tensor-findings', 'aria-label': wording.texts.of }, findings.map(finding => h('li', { class: finding.level, 'data-rule': finding.rule, title: wording.rule(finding.rule).means },
    h('span', { class: `badge level ${finding.level}` }, wording.rule(finding.rule).title), ' ', wording.says(finding), ' ', h('span', { class: 'soft' }, wording.where(finding)))))
}
