// The two kinds of rejection: a CheckpointError that says what is wrong, and an AbortError.

/** @typedef {import('./types').CheckpointError} CheckpointError */

/**
 * @param {CheckpointError['kind']} kind
 * @param {string} message
 * @param {{ file?: string, offset?: number }} [where]
 * @returns {CheckpointError}
 */
export function checkpointError(kind, message, where = {}) {
  const error = /** @type {CheckpointError} */ (new Error(message))
  error.name = 'CheckpointError'
  error.kind = kind
  if (where.file !== undefined) error.file = where.file
  if (where.offset !== undefined) error.offset = where.offset
  return error
}

/** @returns {DOMException} */
export function abortError() {
  return new DOMException('The operation was cancelled.', 'AbortError')
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === 'AbortError'
}
