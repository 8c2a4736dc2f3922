// How figures look: thin spaces between thousands, a real minus sign, the same units in every language.

const THIN = '\u202f'
const MINUS = '\u2212'
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
/** Largest first. */
const SHORT_UNITS = /** @type {const} */ ([[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']])
/** Counts below this are told exactly, also in short. */
const EXACT_BELOW = 10_000
/** 999 960 is 1 M, not 1 000 K. */
const ROUNDS_UP = 0.99995

export class Numbers {
  #whole
  #one
  #two

  /** @param {string} lang */
  constructor(lang) {
    this.#whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 })
    this.#one = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 })
    this.#two = new Intl.NumberFormat(lang, { maximumFractionDigits: 2 })
  }

  /**
   * A count to its last digit: `16 777 216`.
   *
   * @param {number} count
   */
  exact(count) {
    return spaced(this.#whole, count)
  }

  /**
   * A count for a table: `16.8 M`; with `fine`, `8.03 B`.
   *
   * @param {number} count
   * @param {boolean} [fine]
   */
  short(count, fine = false) {
    if (count < EXACT_BELOW) return this.exact(count)
    const [unit, letter] = SHORT_UNITS.find(([size]) => count >= size * ROUNDS_UP) ?? SHORT_UNITS[3]
    return `${spaced(fine ? this.#two : this.#one, count / unit)}${THIN}${letter}`
  }

  /**
   * `14.97 GiB`.
   *
   * @param {number} bytes
   */
  bytes(bytes) {
    let power = 0
    for (; bytes >= 1024 && power < BINARY_UNITS.length - 1; power++) bytes /= 1024
    return `${spaced(bytes < 100 ? this.#two : this.#one, bytes)} ${BINARY_UNITS[power]}`
  }

  /**
   * A share of 0 to 1: `2.7 %`.
   *
   * @param {number} share
   */
  percent(share) {
    const hundredths = share * 100
    if (hundredths > 0 && hundredths < 0.01) return `<${THIN}${this.#two.format(0.01)}${THIN}%`
    if (hundredths > 99 && hundredths < 100) return `${this.#one.format(Math.min(hundredths, 99.9))}${THIN}%`
    return `${spaced(hundredths < 1 ? this.#two : hundredths < 10 ? this.#one : this.#whole, hundredths)}${THIN}%`
  }

  /**
   * A measured value: `−0.3574`, `−1.62e−6`.
   *
   * @param {number} value
   * @param {number} [digits]
   */
  significant(value, digits = 4) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : `${MINUS}∞`
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return spaced(this.#whole, value)
    const size = Math.abs(value)
    const rounded = Number(value.toPrecision(digits))
    if (Number.isInteger(rounded) && size >= 1 && size < 1e9) return spaced(this.#whole, rounded)
    const text = size < 1e-4 || size >= 1e9 ? value.toExponential(digits - 1) : String(rounded)
    return text.replace(/\.?0+e/, 'e').replace('e+', 'e').replaceAll('-', MINUS)
  }

  /**
   * `4096 × 4096`, `[ ]` for a scalar.
   *
   * @param {number[]} shape
   */
  shape(shape) {
    return shape.length === 0 ? '[\u2009]' : shape.join(' × ')
  }
}

/**
 * @param {Intl.NumberFormat} format
 * @param {number} value
 */
function spaced(format, value) {
  return format.formatToParts(value).map(({ type, value }) => type === 'group' ? THIN : type === 'minusSign' ? MINUS : value).join('')
}
