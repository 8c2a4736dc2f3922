// Handing a file to the person.

/** Long enough for the browser to have taken it. */
const KEEP_MS = 60_000

/**
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = fileName(name)
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS)
}

/**
 * A name without anything that a file system, or an eye, could take for something else.
 *
 * @param {string} name
 * @returns {string}
 */
function fileName(name) {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+/, '')
  return plain.slice(-120) || 'paramscope'
}
