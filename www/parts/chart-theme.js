// The colours and the font that the element's styles give a chart, in the forms that the module that draws takes.

const COLORS = /** @type {const} */ (['ink', 'soft', 'line', 'bar', 'accent', 'panel', 'positive', 'negative', 'odd'])

/** @type {CanvasRenderingContext2D | null | undefined} */
let probe

/**
 * @param {Element} element
 * @returns {Pick<import('../wasm/plots').Frame, 'colors' | 'font'>}
 */
export function chartTheme(element) {
  const style = getComputedStyle(element)
  const entries = COLORS.map(name => [name, hex(style.getPropertyValue(`--${name}`).trim())])
  const colors = /** @type {import('../wasm/plots').Colors} */ (/** @type {unknown} */ (Object.fromEntries(entries)))
  return { colors, font: style.fontFamily }
}

/**
 * Any CSS colour as `#rrggbb`: a canvas reads back what it was given in this form (or as `rgba()`, if it is not opaque).
 *
 * @param {string} color
 * @returns {string}
 */
function hex(color) {
  probe ??= document.createElement('canvas').getContext('2d')
  if (!probe) return '#808080'
  probe.fillStyle = '#808080'
  probe.fillStyle = color
  const read = probe.fillStyle
  if (read.startsWith('#')) return read
  const channels = read.match(/[\d.]+/g)?.slice(0, 3) ?? ['128', '128', '128']
  return `#${channels.map(channel => Math.round(Number(channel)).toString(16).padStart(2, '0')).join('')}`
}
