// One of a few: radio buttons that look like a switch.

import { h } from './dom.js'

let groups = 0

/**
 * @template {string} T
 * @param {string} label
 * @param {[T, string][]} options  the first is chosen
 * @param {() => void} onChange
 */
export function createChoice(label, options, onChange) {
  const name = `choice-${groups++}`
  const inputs = options.map(([value], at) => h('input', { type: 'radio', name, value, checked: at === 0, onchange: onChange }))
  return {
    element: h('span', { class: 'choice', role: 'radiogroup', 'aria-label': label }, inputs.map((input, at) => h('label', { 'data-choice': options[at][0] }, input, options[at][1]))),
    chosen: () => /** @type {T} */ (inputs.find(({ checked }) => checked)?.value),
  }
}
