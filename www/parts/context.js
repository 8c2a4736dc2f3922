/**
 * What every part of the element is given. A change of language makes new parts with a new context; `signal` ends the old
 * ones' listeners.
 *
 * @typedef {object} Context
 * @property {import('../param-scope.js').ParamScope} host
 * @property {import('./texts.js').Translate} t
 * @property {import('./numbers.js').Numbers} numbers
 * @property {import('../engine.js').Core} core
 * @property {EventTarget} settings  an event for every attribute that changed, by the attribute's name
 * @property {AbortSignal} signal
 * @property {(error: Error) => void} report  shows an error that is nobody else's to show
 */

/** @typedef {Context & { session: import('./session.js').Session }} OpenContext  a context with an open checkpoint */

export {}
