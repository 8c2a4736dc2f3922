// The core that reads everything: the same as `core.js` otherwise.

export * from './core'
export { default } from './core'
