// Building elements. Whatever comes from a file goes in as text; there is no innerHTML in this project.

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element. Keys of `attributes`: `onclick` and the like are listeners; true is an empty attribute; false, null and
 * undefined leave it away; everything else is an attribute's text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value))
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false))
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/**
 * Text from a file, with the characters that are invisible or that turn its direction written as escapes.
 *
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escape)
}

/**
 * A name that may be broken between its parts.
 *
 * @param {string} name
 * @returns {Node[]}
 */
export function breakable(name) {
  return name.split(/(?<=[./_>])/).flatMap((part, at) => at === 0 ? [document.createTextNode(part)] : [h('wbr'), document.createTextNode(part)])
}

/**
 * As `visible`, for texts of several lines.
 *
 * @param {string} text
 * @returns {string}
 */
export function visibleLines(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character => character === '\n' || character === '\t' ? character : escape(character))
}

/**
 * @param {string} character
 * @returns {string}
 */
function escape(character) {
  return Array.from({ length: character.length }, (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`).join('')
}

/**
 * Runs a function once things have been quiet for a while.
 *
 * @param {() => void} run
 * @param {number} ms
 * @returns {() => void}
 */
export function debounced(run, ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  return () => {
    clearTimeout(timer)
    timer = setTimeout(run, ms)
  }
}
